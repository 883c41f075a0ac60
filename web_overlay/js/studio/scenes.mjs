// @ts-check
// The scenes of the layout: choose one, make one, remove one.

import { MAX_SCENES, isSceneName } from "../core/layout-file.mjs";

export class Scenes {
  /**
   * @param {import("../core/editor.mjs").Editor} editor
   * @param {(id: string) => HTMLElement} at
   * @param {(text: string, tone?: "good" | "warn" | "bad" | "") => void} say
   */
  constructor(editor, at, say) {
    this.editor = editor;
    this.say = say;
    this.select = /** @type {HTMLSelectElement} */ (at("scene"));
    this.fresh = /** @type {HTMLInputElement} */ (at("new-scene"));
    this.gone = /** @type {HTMLButtonElement} */ (at("remove-scene"));
    this.select.addEventListener("change", () => editor.choose({ scene: this.select.value }));
    this.gone.addEventListener("click", () => editor.removeScene());
    at("add-scene").addEventListener("click", () => this.add());
    this.fresh.addEventListener("keydown", (event) => event.key === "Enter" && this.add());
  }

  show() {
    const { editor, select } = this;
    const names = Object.keys(editor.layout.scenes);
    if (names.join(" ") !== [...select.options].slice(1).map(({ value }) => value).join(" ") || select.options.length === 0) {
      select.replaceChildren(new Option("none (all scenes)", ""), ...names.map((name) => new Option(name, name)));
    }
    select.value = editor.scene;
    this.gone.disabled = editor.scene === "";
  }

  add() {
    const { editor, fresh } = this;
    const scene = fresh.value.trim();
    const { scenes } = editor.layout;
    if (!isSceneName(scene)) return this.say("A scene's name has 1 to 32 of A-Z a-z 0-9 _ -", "bad");
    if (Object.hasOwn(scenes, scene)) editor.choose({ scene });
    else if (Object.keys(scenes).length >= MAX_SCENES) return this.say(`A layout has at most ${MAX_SCENES} scenes.`, "bad");
    else editor.addScene(scene);
    fresh.value = "";
  }
}

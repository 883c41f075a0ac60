// @ts-check
// Loads and stores the edited layout, and reports the result on the page.

import { BadLayout } from "../core/layout-file.mjs";
import { Refusal } from "./gateway.mjs";

/** @typedef {import("./gateway.mjs").Answer} Answer */

const LOOK_MS = 2_000;
const ALWAYS = "framewire.studio.always";

export class Files {
  /**
   * @param {import("../core/editor.mjs").Editor} editor
   * @param {import("./gateway.mjs").Gateway} gateway
   * @param {(id: string) => HTMLElement} at
   * @param {(text: string, tone?: "good" | "warn" | "bad" | "") => void} say
   */
  constructor(editor, gateway, at, say) {
    this.editor = editor;
    this.gateway = gateway;
    this.say = say;
    this.overlay = /** @type {HTMLInputElement} */ (at("overlay"));
    this.known = /** @type {HTMLDataListElement} */ (at("overlays"));
    this.always = /** @type {HTMLInputElement} */ (at("always"));
    this.button = /** @type {HTMLButtonElement} */ (at("save"));
    this.name = this.overlay.value;
    /** @type {string | null} what is stored, as it was loaded; null: store over whatever is there */
    this.revision = "";
    this.saving = false;
    this.reported = "";
    this.lost = false; // the gateway does not answer
    this.always.checked = localStorage.getItem(ALWAYS) === "1";
    this.always.addEventListener("change", () => {
      localStorage.setItem(ALWAYS, this.always.checked ? "1" : "0");
      this.show();
    });
    this.overlay.addEventListener("change", () => this.choose());
    this.button.addEventListener("click", () => this.save());
    at("revert").addEventListener("click", () => this.load());
    addEventListener("beforeunload", (event) => editor.dirty && event.preventDefault());
  }

  async begin() {
    await this.load();
    const again = async () => {
      await this.look();
      setTimeout(again, LOOK_MS);
    };
    void again();
  }

  show() {
    const { editor, button } = this;
    button.disabled = !editor.dirty;
    button.textContent = editor.dirty ? "Save" : "Saved";
    if (editor.dirty && this.always.checked && !this.saving) void this.save();
  }

  async choose() {
    if (this.editor.dirty && !confirm(`Discard the changes of ${this.name}?`)) this.overlay.value = this.name;
    else {
      this.name = this.overlay.value.trim() || "default";
      this.overlay.value = this.name;
      await this.load();
    }
  }

  async load() {
    try {
      const answer = await this.gateway.load(this.name);
      if (answer.overlay !== this.name) return; // another overlay was chosen since
      this.adopt(answer);
      this.editor.load(answer.layout);
      this.say(answer.error === "" ? this.source(answer) : answer.error, answer.error === "" ? "" : "bad");
    } catch (error) {
      this.fail(error);
    }
  }

  async save() {
    const { editor } = this;
    if (this.saving || !editor.dirty) return;
    this.saving = true;
    const { layout } = editor;
    try {
      this.adopt(await this.gateway.store(this.name, layout, this.revision));
      this.say(`Saved for ${this.name}.`, "good");
      editor.kept(layout);
    } catch (error) {
      if (error instanceof Refusal && error.status === 412) this.revision = null;
      this.fail(error);
      this.always.checked = false;
    }
    this.saving = false;
    this.show();
  }

  /** See whether the file was changed by hand or by another editor, and who is connected. */
  async look() {
    const { revision } = this;
    try {
      const [answer, ids] = await Promise.all([this.gateway.load(this.name), this.gateway.overlays()]);
      if (this.lost) this.say(`The gateway answers again. ${this.source(answer)}`, "good");
      this.lost = false;
      this.suggest([...new Set(["default", ...answer.layouts, ...ids])]);
      // An answer that is older than a save would take back what was saved, and the steps that can be undone.
      if (this.saving || this.revision !== revision || answer.overlay !== this.name) return;
      if (answer.error !== this.reported) {
        this.reported = answer.error;
        this.say(answer.error === "" ? "The file can be used again." : answer.error, answer.error === "" ? "good" : "bad");
      }
      if (answer.error === "" && this.revision !== null && answer.revision !== this.revision && !this.editor.dirty) await this.load();
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {Answer} answer */
  adopt({ revision, error }) {
    this.revision = revision;
    this.reported = error;
  }

  /** @param {Answer} answer */
  source({ overlay, source }) {
    if (source === overlay) return `The layout of ${overlay}.`;
    return `${overlay} has no layout yet: ${source === null ? "these are the defaults" : `this is ${source}`}.`;
  }

  /** @param {string[]} names */
  suggest(names) {
    const wanted = names.filter((name) => name !== "studio-preview" && name !== "studio").sort();
    if (wanted.join("\n") === [...this.known.options].map(({ value }) => value).join("\n")) return;
    this.known.replaceChildren(...wanted.map((name) => new Option(name, name)));
  }

  /** @param {unknown} error */
  fail(error) {
    if (!(error instanceof Refusal || error instanceof BadLayout)) throw error;
    this.lost = error instanceof Refusal && error.status === 0;
    this.say(error.message, "bad");
  }
}

// @ts-check
// A layout as one file: in from the user's disk, and out to it.

import { download } from "../download.mjs";
import { BadLayout, readLayout } from "../core/layout-file.mjs";

const MAX_BYTES = 64 << 10;

export class Exchange {
  /**
   * @param {import("../core/editor.mjs").Editor} editor
   * @param {(id: string) => HTMLElement} at
   * @param {() => string} name of the file to export
   * @param {(text: string, tone?: "good" | "warn" | "bad" | "") => void} say
   */
  constructor(editor, at, name, say) {
    this.editor = editor;
    this.name = name;
    this.say = say;
    this.picker = /** @type {HTMLInputElement} */ (at("layout-file"));
    this.picker.addEventListener("change", () => this.take());
    at("import").addEventListener("click", () => this.picker.click());
    at("export").addEventListener("click", () => this.give());
  }

  async take() {
    const [file] = this.picker.files ?? [];
    if (file === undefined) return;
    try {
      if (file.size > MAX_BYTES) throw new BadLayout(`it has ${file.size} bytes, expected at most ${MAX_BYTES}`);
      this.editor.step(readLayout(JSON.parse(await file.text())));
      this.say(`Imported from ${file.name}. Save to use it.`, "warn");
    } catch (error) {
      if (!(error instanceof BadLayout || error instanceof SyntaxError)) throw error;
      this.say(`${file.name} is no layout: ${error.message}`, "bad");
    } finally {
      this.picker.value = "";
    }
  }

  give() {
    download(`${this.name()}.json`, "application/json", `${JSON.stringify(this.editor.layout, null, 2)}\n`);
  }
}

// @ts-check
// The panel of a social alert: badge, label, amount, name, detail, message. A message that does not fit is smaller, with
// more lines, and the name takes the place of the label.

import { clean } from "../core/clean.mjs";
import { wordsOf } from "../core/wording.mjs";
import { el, icon, text } from "./dom.mjs";
import { Fit } from "./fit.mjs";
import { SOCIAL_ICONS } from "./icons.mjs";

/** @typedef {import("../core/occasions.mjs").Alert} Alert */

const LETTERS = 150; // of one text: what three lines hold
const MESSAGE = 257; // the 255 characters that most platforms allow, and the quotation marks

export class Panel {
  /** @param {import("./dom.mjs").Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.icon = icon("sa-icon");
    this.words = Object.fromEntries(["label", "name", "value", "unit", "detail", "message"].map((part) => [part, text()]));
    const line = (/** @type {string} */ part) => el("div", `sa-${part}`, this.words[part]);
    const lines = { name: line("name"), detail: line("detail"), message: line("message") };
    for (const node of Object.values(lines)) node.dir = "auto";
    const amount = el("div", "sa-amount", line("value"), line("unit"));
    const words = el("div", "sa-words", line("label"), amount, lines.name, lines.detail, lines.message);
    this.node = el("div", "sa-panel slab", el("div", "sa-badge", this.icon.svg), words);
    // Letters of another font can be higher than their line; a line that is cut is a third more.
    this.fit = new Fit(stage, this.node, [lines.message], (node) => node.scrollHeight > 1.2 * node.clientHeight);
  }

  /** @param {Alert} alert */
  write(alert) {
    const { view, texts } = this.stage;
    alert.changed = false;
    const words = wordsOf(alert, texts);
    for (const [part, value] of Object.entries(words)) view.text(this.words[part], clean(value, part === "message" ? MESSAGE : LETTERS));
    view.toggle(this.node, "own", (alert.rule?.text ?? "") !== "");
    view.toggle(this.node, "both", words.detail !== "" && words.message !== "");
    view.attribute(this.icon.path, "d", SOCIAL_ICONS[alert.kind] ?? SOCIAL_ICONS.follow);
    this.fit.see(words.message === "" ? "" : Object.values(words).join("\n"));
  }
}

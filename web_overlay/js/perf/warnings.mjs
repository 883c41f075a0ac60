// @ts-check
// The warnings of the HUD: the last ones, each in at most two lines (css/setup.css), so that the HUD fits on any page.

import { el, text } from "../widgets/dom.mjs";

const MOST = 3;

export class Warnings {
  /** @param {import("../core/view.mjs").View} view */
  constructor(view) {
    this.view = view;
    this.lines = Array.from({ length: MOST }, () => {
      const words = text();
      return { words, node: el("div", "hud-warning off", words) };
    });
    this.more = text();
    this.box = el("div", "hud-problems off", ...this.lines.map(({ node }) => node), el("div", "", this.more));
  }

  /** @param {readonly string[]} all the most important last */
  write(all) {
    const shown = all.slice(-MOST);
    this.lines.forEach(({ words, node }, at) => {
      this.view.text(words, shown[at] ?? "");
      this.view.toggle(node, "off", at >= shown.length);
    });
    const others = all.length - shown.length;
    this.view.text(this.more, others > 0 ? `and ${others} more, in the console of the browser` : "");
    this.view.toggle(this.box, "off", all.length === 0);
  }
}

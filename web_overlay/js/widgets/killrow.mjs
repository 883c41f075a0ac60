// @ts-check
// One pooled row of the killfeed: [streak] [who + helper] [means] [icon] [whom].

import { el, entrance, icon, text } from "./dom.mjs";

/** @typedef {import("./killline.mjs").Line} Line */

export const PITCH = 52; // pixels of the stage from row to row
export const ROW = 46; // .kf-panel in css/widgets/killfeed.css is as high
const NOTHING = "";

export class Row {
  /** @param {import("./dom.mjs").Stage} stage */
  constructor(stage) {
    this.view = stage.view;
    /** @type {Line | null} */
    this.line = null;
    this.slot = 0;
    this.until = Infinity;
    this.streak = text();
    this.left = text();
    this.helper = text();
    this.means = text();
    this.right = text();
    this.icon = icon("kf-icon");
    this.flame = el("span", "kf-streak", this.streak);
    this.leftSide = el("span", "kf-name", this.left);
    this.help = el("span", "kf-help", this.helper);
    this.meansBox = el("span", "kf-means", this.means);
    this.rightSide = el("span", "kf-name", this.right);
    this.panel = el(
      "div",
      "kf-panel",
      this.flame,
      this.leftSide,
      this.help,
      this.meansBox,
      this.icon.svg,
      this.rightSide,
    );
    this.node = el("div", "kf-row off", this.panel);
    this.entrance = entrance(stage, this.panel, "translateX(.4rem)");
  }

  /** @param {Line} line @param {number} slot @param {number} until @param {boolean} moving */
  enter(line, slot, until, moving) {
    this.line = line;
    this.slot = slot;
    this.until = until;
    this.view.toggle(this.node, "off", false);
    this.view.toggle(this.node, "gone", false);
    this.view.toggle(this.node, "moves", false);
    if (moving) this.view.play(this.entrance);
  }

  /** Its time is over. */
  fade() {
    this.view.toggle(this.node, "gone", true);
  }

  /** Newer ones need its place: at once, or it would shine through them. */
  hide() {
    this.view.toggle(this.node, "off", true);
  }

  /** Say what should be seen. @param {number} slot */
  settle(slot) {
    const { view, line } = this;
    if (line === null) return;
    if (slot !== this.slot) view.toggle(this.node, "moves", true);
    this.slot = slot;
    view.style(this.node, "transform", `translateY(${((slot * PITCH) / 100).toFixed(2)}rem)`);
    view.attribute(this.node, "data-kind", line.kind);
    view.toggle(this.node, "mine", line.mine);
    view.toggle(this.node, "hot", line.streak > 0);
    view.text(this.streak, line.streak > 0 ? `×${line.streak}` : NOTHING);
    this.side(this.leftSide, this.left, line.left);
    this.side(this.rightSide, this.right, line.right);
    view.text(this.helper, line.with === "" ? NOTHING : `+ ${line.with}`);
    view.text(this.means, line.means.replaceAll("_", " "));
    view.attribute(this.icon.path, "d", line.icon);
    view.toggle(this.icon.svg, "off", line.icon === "");
  }

  /** @param {HTMLElement} node @param {Text} name @param {import("./player.mjs").Side | null} side */
  side(node, name, side) {
    this.view.text(name, side?.name ?? NOTHING);
    this.view.style(node, "color", side?.color ?? "");
  }
}

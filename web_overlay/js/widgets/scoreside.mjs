// @ts-check
// One side of the score: [logo] [name] [side] [maps won] [points]. Its wire has the colour of the team.

import { el, icon, text, wire } from "./dom.mjs";
import { ICONS, SIDE_ICONS } from "./icons.mjs";
import { pathOf } from "./media.mjs";

const MOST_PIPS = 4; // maps that win a series of seven; of a longer one no marks are shown

/** @typedef {import("../core/match.mjs").Team & {color: string, second: boolean, of: number}} Side `of`: the maps of the series */

export class SideCell {
  /** @param {import("./dom.mjs").Stage} stage @param {() => void} failed a logo cannot be loaded: another frame is needed */
  constructor(stage, failed) {
    this.stage = stage;
    this.broken = ""; // the logo that cannot be loaded
    this.path = "";
    this.name = text();
    this.points = text();
    this.logo = el("img", "sc-logo off");
    this.logo.alt = "";
    this.logo.decoding = "async";
    this.logo.addEventListener("error", () => {
      this.broken = this.path;
      failed();
    });
    this.side = icon("sc-icon off", ICONS.equal);
    this.pips = Array.from({ length: MOST_PIPS }, () => el("i", "sc-pip off"));
    this.row = el("span", "sc-pips off", ...this.pips);
    this.words = el("span", "name label", this.name);
    this.words.dir = "auto";
    const name = el("div", "sc-name", this.logo, this.words, this.side.svg, this.row, wire("flat"));
    this.node = el("div", "sc-side off", name, el("div", "sc-points", this.points));
  }

  /** @param {Side} side */
  write({ name, points, color, second, logo, side, won, of }) {
    const { view, media } = this.stage;
    view.text(this.name, name);
    view.text(this.points, points);
    view.style(this.node, "--wire", color);
    view.toggle(this.node, "second", second);
    this.path = logo === "" ? "" : pathOf(logo, media);
    view.source(this.logo, this.path);
    view.toggle(this.logo, "off", this.path === "" || this.path === this.broken);
    const known = Object.hasOwn(SIDE_ICONS, side);
    view.toggle(this.side.svg, "off", !known);
    if (known) view.attribute(this.side.path, "d", SIDE_ICONS[side]);
    const wins = Math.ceil(of / 2);
    view.toggle(this.row, "off", wins < 2 || wins > MOST_PIPS);
    this.pips.forEach((pip, at) => {
      view.toggle(pip, "off", at >= wins);
      view.toggle(pip, "won", at < won);
    });
  }
}

// @ts-check
// The radar: a map of the players, drawn on a canvas. Hidden until a `radar` event shows a map.

import { clean } from "../core/clean.mjs";
import { Radar } from "../core/radar.mjs";
import { el, icon, reveal, text, wire } from "./dom.mjs";
import { ICONS } from "./icons.mjs";
import { Chart } from "./radarchart.mjs";

const LETTERS = 16;
const HEAD = 46; // height of the head, in hundredths of 1rem
const NARROW = 240; // less has no space for the icon of the head
const LONG_MS = 250; // a page that was hidden

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "radar",
  title: "Radar",
  types: ["radar", "radar_player", "player_move"],
  samples: ["radar", ...Array.from({ length: 6 }, () => "radar_player")],
  // Where games show their own map: a radar is for games without one.
  box: { x: 96, y: 54, width: 244, height: 286, anchor: "top-left" },
  upright: { x: 726, y: 1520, width: 300, height: 304, anchor: "bottom-right" },
  load: (stage, root) => new RadarWidget(stage, root),
};

class RadarWidget {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.radar = new Radar();
    this.own = (stage.options.player ?? "").toLowerCase();
    this.title = text();
    this.count = text();
    const title = el("span", "ra-title name label", this.title);
    title.dir = "auto";
    const line = wire("flat");
    const people = el("span", "ra-count", icon("ra-icon", ICONS.people).svg, this.count);
    this.canvas = el("canvas", "ra-map");
    this.chart = new Chart(this.canvas);
    this.box = el("div", "ra slab gone", el("div", "ra-head", title, people, line), this.canvas);
    root.append(this.box);
    this.entrance = reveal(stage, this.box, line, "top");
    this.last = 0;
    this.shown = false;
    this.fresh = false;
  }

  /** @param {import("../core/types.mjs").Event} event */
  updateAction(event) {
    this.radar.apply(event);
    this.fresh = true;
  }

  /** @param {import("../core/positions.mjs").Positions} positions */
  locate(positions) {
    const own = this.radar.locate(positions);
    this.fresh ||= own;
    return own;
  }

  /** @param {import("../core/types.mjs").Size} room */
  resize({ width, height }) {
    const frames = 2 * this.stage.look.frame_px;
    const side = Math.max(40, Math.min(width, height - HEAD) - frames);
    this.chart.resize(side);
    this.stage.view.toggle(this.box, "narrow", side < NARROW);
    this.stage.view.style(this.box, "--side", `${side / 100}rem`);
    this.fresh = true;
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    if (!this.fresh) return Infinity;
    const { view, still } = this.stage;
    const { map } = this.radar;
    view.toggle(this.box, "gone", map === null);
    if (map !== null && !this.shown) view.enter(...this.entrance);
    this.shown = map !== null;
    this.fresh = map !== null && this.radar.glide(Math.min(LONG_MS, now - this.last), still);
    this.last = now;
    if (map === null) return Infinity;
    const dots = this.radar.dots;
    view.text(this.title, clean(map.title || map.map, LETTERS));
    view.text(this.count, String(dots.length));
    this.chart.draw(map, dots, (dot) => this.isOwn(dot));
    return this.fresh ? now : Infinity;
  }

  /** @param {import("../core/radar.mjs").Dot} dot */
  isOwn({ id, name }) {
    return this.own !== "" && (name.toLowerCase() === this.own || id.toLowerCase() === this.own);
  }
}

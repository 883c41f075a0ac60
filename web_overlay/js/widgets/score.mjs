// @ts-check
// The score of a match: two opposing sides, or up to four in a row. A source may report one side at a time (a
// game server's log does): sides stay until an event reports two or more other sides. A bomb turns the wire
// red and lets it pulse until it is defused or the round is over.

import { clean } from "../core/clean.mjs";
import { isSecond, teamColor } from "../core/color.mjs";
import { el, icon, reveal, text, wire } from "./dom.mjs";
import { ICONS } from "./icons.mjs";
import { LETTERS } from "./player.mjs";

/** @typedef {import("../core/events.js").EventOf<"score" | "objective" | "round">} Event */

const SIDES = 4;
// Actions of objectives that change the bomb.
const BOMB = new Map([
  ["planted", true],
  ["defused", false],
  ["exploded", false],
]);

const SHORT = new Map([["TERRORIST", "T"]]); // a team without a name

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "score",
  title: "Score",
  types: ["score", "objective", "round"],
  box: { x: 480, y: 104, width: 960, height: 68, anchor: "top" },
  upright: { x: 54, y: 96, width: 972, height: 72, anchor: "top" },
  load: (stage, root) => new Score(stage, root),
};

class Score {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.view = stage.view;
    /** @type {Map<string, {name: string, points: string, color: string, second: boolean}>} */
    this.sides = new Map();
    this.source = "";
    this.bomb = false;
    this.entered = false;
    this.changed = false;
    this.cells = Array.from({ length: SIDES }, () => {
      const name = text();
      const points = text();
      const words = el("span", "name label", name);
      words.dir = "auto";
      const node = el("div", "sc-side off", el("div", "sc-name", words, wire("flat")), el("div", "sc-points", points));
      return { node, name, points };
    });
    const line = wire("flat middle sc-wire");
    this.box = el("div", "slab sc gone", ...this.cells.map((cell) => cell.node), icon("sc-bomb", ICONS.bomb).svg, line);
    root.append(this.box);
    this.entrance = reveal(stage, this.box, line, "middle");
  }

  /** @param {Event} event */
  updateAction({ type, payload, source }) {
    // Another source has another match: neither the sides nor the names of the one before belong to it.
    if (type === "score" && source !== this.source) this.sides.clear();
    if (type === "score") this.source = source;
    if (type === "score") this.tell(payload);
    else if (type === "round") this.bomb = false;
    else this.bomb = BOMB.get(payload.action) ?? this.bomb;
    this.changed = true;
  }

  /** @param {import("../core/events.js").Score} payload */
  tell(payload) {
    const names = payload.names ?? {};
    const scores = Object.entries(payload.scores ?? {});
    if (scores.length !== 1) {
      for (const team of this.sides.keys()) if (!scores.some(([told]) => told === team)) this.sides.delete(team);
    }
    for (const [team, points] of scores) {
      const known = this.sides.get(team);
      if (known === undefined && this.sides.size === SIDES) break;
      const name = String((Object.hasOwn(names, team) && names[team]) || known?.name || SHORT.get(team) || team);
      this.sides.set(team, { name: clean(name, LETTERS), points: String(points), color: teamColor(team), second: isSecond(team) });
    }
  }

  /** @returns {number} */
  frame() {
    if (!this.changed) return Infinity;
    this.changed = false;
    const { view } = this;
    const sides = [...this.sides.values()];
    this.cells.forEach((cell, at) => {
      const side = sides[at];
      view.toggle(cell.node, "off", side === undefined);
      if (side === undefined) return;
      view.text(cell.name, side.name);
      view.text(cell.points, side.points);
      view.style(cell.node, "--wire", side.color);
      view.toggle(cell.node, "second", side.second);
    });
    view.attribute(this.box, "data-sides", String(sides.length));
    view.toggle(this.box, "bomb", this.bomb);
    view.toggle(this.box, "gone", sides.length === 0);
    if (sides.length > 0 && !this.entered) view.enter(...this.entrance);
    this.entered = sides.length > 0;
    return Infinity;
  }
}

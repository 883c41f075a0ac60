// @ts-check
// The score of a match at the top: two sides face each other, up to four stand in a row. A source may tell one side at a
// time (a game server's log does): sides stay until an event tells of two or more that are not among them.

import { teamColor } from "../core/color.mjs";
import { el, text } from "./dom.mjs";

/** @typedef {import("../core/events.js").EventOf<"score">} Event */

const SIDES = 4;

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "score",
  title: "Score",
  types: ["score"],
  box: { x: 480, y: 104, width: 960, height: 72, anchor: "top" },
  upright: { x: 54, y: 96, width: 972, height: 72, anchor: "top" },
  make: (stage, root) => new Score(stage, root),
};

class Score {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.view = stage.view;
    /** @type {Map<string, {name: string, points: string, color: string}>} */
    this.sides = new Map();
    this.changed = false;
    this.cells = Array.from({ length: SIDES }, () => {
      const name = text();
      const points = text();
      const node = el("div", "sc-side off", el("span", "sc-name", name), el("span", "sc-points", points));
      return { node, name, points };
    });
    this.box = el("div", "sc gone", ...this.cells.map((cell) => cell.node));
    root.append(this.box);
  }

  /** @param {Event} event */
  apply({ payload }) {
    const names = payload.names ?? {};
    const scores = Object.entries(payload.scores ?? {});
    if (scores.length > 1) {
      for (const team of this.sides.keys()) if (!scores.some(([told]) => told === team)) this.sides.delete(team);
    }
    for (const [team, points] of scores) {
      const known = this.sides.get(team);
      if (known === undefined && this.sides.size === SIDES) break;
      const name = String((Object.hasOwn(names, team) && names[team]) || known?.name || team);
      this.sides.set(team, { name, points: String(points), color: teamColor(team) });
    }
    this.changed = true;
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
      view.style(cell.node, "--team", side.color);
    });
    view.attribute(this.box, "data-sides", String(sides.length));
    view.toggle(this.box, "gone", sides.length === 0);
    return Infinity;
  }
}

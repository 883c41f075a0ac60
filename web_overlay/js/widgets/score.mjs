// @ts-check
// The score of a match at the top: two sides face each other, up to four stand in a row.

import { teamColor } from "../core/color.mjs";
import { el, text } from "./dom.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */

const SIDES = 4;

export class Score {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.name = "score";
    this.types = ["score"];
    this.view = stage.view;
    this.root = root;
    /** @type {{name: string, points: string, color: string}[] | null} null: nothing new */
    this.sides = null;
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
    this.sides = Object.entries(payload.scores ?? {})
      .slice(0, SIDES)
      .map(([team, points]) => ({
        name: String((Object.hasOwn(names, team) && names[team]) || team),
        points: String(points),
        color: teamColor(team),
      }));
  }

  /** @returns {number} */
  frame() {
    const { view, sides } = this;
    if (sides === null) return Infinity;
    this.sides = null;
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

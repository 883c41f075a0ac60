// @ts-check
// A crosshair in the middle, for games without one. Hidden until a `crosshair` event shows it.

import { icon } from "./dom.mjs";

/** @typedef {import("../core/events.js").EventOf<"crosshair">} Event */

const CROSS = "M11 1h2v7h-2zM11 16h2v7h-2zM1 11h7v2H1zM16 11h7v2h-7z";
/** @type {Record<string, string>} */
const STYLES = {
  cross: CROSS,
  dot: "M12 9.500a2.500 2.500 0 1 0 0 5a2.500 2.500 0 0 0 0-5z",
  circle:
    "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zm0 1.800a7.200 7.200 0 1 1 0 14.400a7.200 7.200 0 0 1 0-14.400zM12 10.800a1.200 1.200 0 1 0 0 2.400a1.200 1.200 0 0 0 0-2.400z",
};

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "crosshair",
  title: "Crosshair",
  types: ["crosshair"],
  box: { x: 920, y: 500, width: 80, height: 80, anchor: "center" },
  upright: { x: 500, y: 920, width: 80, height: 80, anchor: "center" },
  load: (stage, root) => new Crosshair(stage, root),
};

class Crosshair {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.view = stage.view;
    this.mark = icon("ch off");
    root.append(this.mark.svg);
    /** @type {{on: boolean, style: string, color: string} | null} */
    this.fresh = null;
  }

  /** @param {Event} event */
  updateAction({ payload }) {
    this.fresh = { on: payload.on ?? true, style: payload.style ?? "", color: payload.color ?? "" };
  }

  /** @returns {number} */
  frame() {
    if (this.fresh === null) return Infinity;
    const { on, style, color } = this.fresh;
    this.fresh = null;
    this.view.toggle(this.mark.svg, "off", !on);
    this.view.attribute(this.mark.path, "d", Object.hasOwn(STYLES, style) ? STYLES[style] : CROSS);
    const own = /^#[0-9a-fA-F]{6}$/.test(color);
    this.view.style(/** @type {any} */ (this.mark.svg), "--mark", own ? color : "var(--fw-crosshair)");
    return Infinity;
  }
}

// @ts-check
// The sections of the page, one per widget, and where they are.

import { boxesOf, roomOf, shares, styleOf } from "./core/layout.mjs";
import { el } from "./widgets/dom.mjs";

/** @typedef {import("./core/types.mjs").Layout} Layout */
/** @typedef {import("./core/types.mjs").Part} Part */
/** @typedef {import("./core/types.mjs").WidgetKind} WidgetKind */
/** @typedef {import("./widgets/dom.mjs").Stage} Stage */

const ACROSS = ["left", "center", "right"];
const DOWN = ["top", "middle", "bottom"];

export class Arrangement {
  /**
   * @param {Stage} stage
   * @param {HTMLElement} root
   * @param {readonly WidgetKind[]} kinds
   * @param {() => void} request asks for a frame
   */
  constructor(stage, root, kinds, request) {
    this.stage = stage;
    this.request = request;
    this.kinds = kinds;
    this.upright = false;
    this.scene = "";
    /** @type {Layout | null} */
    this.layout = null;
    const { widgets } = stage.options;
    /** @type {string[]} */
    this.problems = (widgets ?? [])
      .filter((name) => !kinds.some((kind) => kind.name === name))
      .map((name) => `?widgets names ${name}, which is no widget`);
    /** @type {Part[]} */
    this.parts = kinds
      .filter(({ name }) => widgets === null || widgets.includes(name))
      .map((kind) => {
        const section = el("section", `w w-${kind.name}`);
        root.append(section);
        return { name: kind.name, types: kind.types, root: section, widget: kind.make(stage, section) };
      });
  }

  /** Choose the boxes by the shape of the page, now and whenever it changes. @param {MediaQueryList} shape */
  follow(shape) {
    shape.addEventListener("change", () => this.change({ upright: shape.matches }));
    this.change({ upright: shape.matches });
  }

  /** @param {{layout?: Layout | null, scene?: string, upright?: boolean}} change what is not named stays as it is */
  change(change) {
    Object.assign(this, change);
    const boxes = boxesOf(this.kinds, this.layout, this.scene, this.upright);
    for (const part of this.parts) this.place(part, /** @type {import("./core/types.mjs").Box} */ (boxes.get(part.name)));
    this.request();
  }

  /** @param {Part} part @param {import("./core/types.mjs").Box} box */
  place({ root, widget }, box) {
    const { view, options } = this.stage;
    for (const [name, value] of Object.entries(styleOf(box, this.upright, options.scale))) view.style(root, name, value);
    const [across, down] = shares(box.anchor);
    view.attribute(root, "data-x", ACROSS[across * 2]);
    view.attribute(root, "data-y", DOWN[down * 2]);
    view.toggle(root, "off", !box.visible);
    widget.resize?.(roomOf(box, options.scale));
  }
}

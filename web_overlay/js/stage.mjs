// @ts-check
// The sections of the page, one per widget, and their positions.

import { BadLayout, readLayout } from "./core/layout-file.mjs";
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
   * @param {object} options
   * @param {Stage} options.stage
   * @param {HTMLElement} options.root
   * @param {readonly WidgetKind[]} options.kinds
   * @param {() => void} options.request asks for a frame
   * @param {(problem: string) => void} options.report
   */
  constructor({ stage, root, kinds, request, report }) {
    this.stage = stage;
    this.request = request;
    this.report = report;
    this.kinds = kinds;
    this.upright = false;
    this.scene = stage.options.scene ?? "";
    this.studio = false;
    /** @type {Layout | null} */
    this.layout = null;
    const { widgets } = stage.options;
    for (const name of widgets ?? []) {
      if (!kinds.some((kind) => kind.name === name)) report(`?widgets names ${name}, which is no widget`);
    }
    /** @type {Part[]} */
    this.parts = kinds
      .filter(({ name }) => widgets === null || widgets.includes(name))
      .map((kind) => {
        const section = el("section", `w w-${kind.name}`);
        root.append(section);
        return { name: kind.name, types: kind.types, root: section, widget: kind.load(stage, section) };
      });
  }

  /** A custom widget has changed: its new version begins with nothing. @param {WidgetKind} kind */
  replace(kind) {
    const part = this.parts.find(({ name }) => name === kind.name);
    if (part === undefined) return; // ?widgets= leaves it out
    part.widget.dispose?.();
    this.kinds = this.kinds.map((each) => (each.name === kind.name ? kind : each));
    Object.assign(part, { types: kind.types, widget: kind.load(this.stage, part.root) });
    this.change({});
  }

  /** The file of a custom widget is gone: its section stays, empty. @param {string} name */
  remove(name) {
    this.parts.find((part) => part.name === name)?.widget.dispose?.();
    this.request();
  }

  /** Does a widget show packed positions? */
  get locates() {
    return this.parts.some(({ widget }) => widget.locate !== undefined);
  }

  /** Choose the boxes by the shape of the page, now and whenever it changes. @param {MediaQueryList} shape */
  follow(shape) {
    shape.addEventListener("change", () => this.change({ upright: shape.matches }));
    this.change({ upright: shape.matches });
  }

  /** What the gateway says of the layout. @param {import("./core/types.mjs").LayoutNews} news */
  told({ layout, error }) {
    if (error !== "") this.report(error);
    if (this.studio) return;
    try {
      this.change({ layout: layout === null ? null : readLayout(layout) });
    } catch (failure) {
      if (!(failure instanceof BadLayout)) throw failure;
      this.report(`the gateway's layout: ${failure.message}`);
    }
  }

  /** A part of the engine that follows `scene` events, unless the address names a scene. */
  scenes() {
    const updateAction = (/** @type {import("./core/types.mjs").Event} */ { type, payload }) => {
      if (type !== "scene" || this.studio || this.stage.options.scene !== null) return;
      this.change({ scene: payload.name ?? "" });
    };
    return { types: ["scene"], widget: { updateAction, frame: () => Infinity } };
  }

  /** A part of the engine, after all widgets: those that a first-rank announcement dims. */
  dims() {
    const frame = () => {
      for (const { name, root } of this.parts) this.stage.view.toggle(root, "dimmed", this.stage.ranks.isDimmed(name));
      return Infinity;
    };
    return { types: [], widget: { updateAction: () => {}, frame } };
  }

  /** Inside of the studio the draft is shown, not what is stored. Only a page of this gateway may hold this one. */
  obeyStudio() {
    addEventListener("message", ({ data, origin, source }) => {
      if (source !== parent || source === self || origin !== location.origin || data?.t !== "draft") return;
      this.studio = true;
      this.change({ layout: data.layout, scene: data.scene, upright: data.upright });
    });
    if (parent !== self) parent.postMessage({ t: "ready" }, location.origin);
  }

  /** @param {{layout?: Layout | null, scene?: string, upright?: boolean}} change what is not named stays as it is */
  change(change) {
    Object.assign(this, change);
    const boxes = boxesOf(this.kinds, this.layout, this.scene, this.upright);
    for (const part of this.parts) this.place(part, /** @type {import("./core/types.mjs").Box} */ (boxes.get(part.name)));
    this.request();
  }

  /** @param {Part} part @param {import("./core/types.mjs").Box} box */
  place({ name: widgetName, root, widget }, box) {
    const { view, options, ranks } = this.stage;
    for (const [name, value] of Object.entries(styleOf(box, this.upright, options.scale))) view.style(root, name, value);
    const [across, down] = shares(box.anchor);
    view.attribute(root, "data-x", ACROSS[across * 2]);
    view.attribute(root, "data-y", DOWN[down * 2]);
    view.toggle(root, "off", !box.visible);
    ranks.see(widgetName, "layout", box.visible);
    widget.resize?.(roomOf(box, options.scale), box.anchor);
  }
}

// @ts-check
// A layout that is being edited: the selected scene and widget, changes, undo. Without page and gateway.

import { boxesOf, emptyLayout, stageOf, tableOf, withTable } from "./layout.mjs";

/** @typedef {import("./types.mjs").Box} Box */
/** @typedef {import("./types.mjs").Changes} Changes */
/** @typedef {import("./types.mjs").Layout} Layout */
/** @typedef {import("./layout.mjs").Kind} Kind */

const UNDOABLE = 200;

export class Editor {
  /** @param {readonly Kind[]} kinds @param {() => void} changed called after every change of anything */
  constructor(kinds, changed) {
    this.kinds = kinds;
    this.changed = changed;
    this.layout = emptyLayout();
    this.saved = this.layout;
    this.scene = "";
    this.upright = false;
    /** @type {string | null} */
    this.selected = null;
    /** @type {Layout[]} */
    this.past = [];
    /** @type {Layout[]} */
    this.future = [];
    this.merging = "";
  }

  get stage() {
    return stageOf(this.upright);
  }

  /** @returns {Map<string, Box>} */
  get boxes() {
    return boxesOf(this.kinds, this.layout, this.scene, this.upright);
  }

  get dirty() {
    return this.layout !== this.saved;
  }

  /** Begin anew. @param {Layout} layout */
  load(layout) {
    Object.assign(this, { saved: layout, past: [], future: [], merging: "" });
    this.show(layout);
  }

  /** `layout` is what the gateway has now. @param {Layout} layout */
  kept(layout) {
    this.saved = layout;
    this.changed();
  }

  /** @param {{scene?: string, upright?: boolean, selected?: string | null}} choice */
  choose(choice) {
    Object.assign(this, choice);
    this.merging = "";
    this.changed();
  }

  /**
   * A step that can be undone. Steps in a row with the same `merge` are one.
   * @param {Layout} layout
   * @param {string} [merge]
   */
  step(layout, merge = "") {
    if (merge === "" || merge !== this.merging) {
      this.past.push(this.layout);
      if (this.past.length > UNDOABLE) this.past.shift();
    }
    this.merging = merge;
    this.future = [];
    this.show(layout);
  }

  undo() {
    this.turn(this.past, this.future);
  }

  redo() {
    this.turn(this.future, this.past);
  }

  /** @param {Layout[]} from @param {Layout[]} to */
  turn(from, to) {
    const layout = from.pop();
    if (layout === undefined) return;
    to.push(this.layout);
    this.merging = "";
    this.show(layout);
  }

  /** @param {Layout} layout */
  show(layout) {
    this.layout = layout;
    if (!Object.hasOwn(layout.scenes, this.scene)) this.scene = "";
    this.changed();
  }

  /** Only what differs from what is below (defaults, or the layout below a scene) is kept. @param {string} name @param {Partial<Box>} change @param {string} [merge] */
  set(name, change, merge) {
    const box = this.boxes.get(name);
    const below = boxesOf(this.kinds, this.with(name, {}), this.scene, this.upright).get(name);
    if (box === undefined || below === undefined) return;
    const wanted = Object.entries({ ...box, ...change });
    const differs = wanted.filter(([field, value]) => below[/** @type {keyof Box} */ (field)] !== value);
    this.step(this.with(name, Object.fromEntries(differs)), merge);
  }

  /** @param {string} name */
  reset(name) {
    this.step(this.with(name, {}));
  }

  /** All widgets of this scene and canvas, also those that do not exist any more. */
  resetAll() {
    this.step(this.withTable({}));
  }

  /** @param {string} name @param {"front" | "back"} where */
  order(name, where) {
    const orders = [...this.boxes].filter(([other]) => other !== name).map(([, box]) => box.order);
    this.set(name, { order: where === "front" ? Math.max(...orders) + 1 : Math.min(...orders) - 1 });
  }

  /** @param {string} scene */
  addScene(scene) {
    const scenes = { ...this.layout.scenes, [scene]: { widgets: {}, upright: {} } };
    this.step({ ...this.layout, scenes });
    this.choose({ scene });
  }

  removeScene() {
    const { [this.scene]: _, ...scenes } = this.layout.scenes;
    this.step({ ...this.layout, scenes });
  }

  /** @param {string} name @param {Partial<Box>} change @returns {Layout} with this change of the widget, and no other of it */
  with(name, change) {
    const { [name]: _, ...others } = tableOf(this.layout, this.scene, this.upright);
    return this.withTable(Object.keys(change).length === 0 ? others : { ...others, [name]: change });
  }

  /** @param {Changes} table @returns {Layout} */
  withTable(table) {
    return withTable(this.layout, this.scene, this.upright, table);
  }
}

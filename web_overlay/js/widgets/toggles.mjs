// @ts-check
// `toggle` shows and hides widgets by name. "all" is every widget; "hud" belongs to the HUD. Other names are ignored.

/** @typedef {import("../core/types.mjs").Event} Event */

export class Toggles {
  /**
   * @param {import("./dom.mjs").Stage} stage
   * @param {HTMLElement} root holds all widgets
   * @param {import("../core/types.mjs").Widget[]} widgets
   * @param {(on: boolean) => void} hud
   */
  constructor(stage, root, widgets, hud) {
    this.name = "toggles";
    this.types = ["toggle"];
    this.view = stage.view;
    this.root = root;
    this.hud = hud;
    /** @type {Map<string, HTMLElement>} */
    this.targets = new Map([
      ["all", root],
      ...widgets.map((widget) => /** @type {const} */ ([widget.name, widget.root])),
    ]);
    this.counters = { unknown: 0 };
  }

  /** @param {Event} event */
  apply({ payload }) {
    const target = this.targets.get(payload.name);
    if (payload.name === "hud") this.hud(payload.on);
    else if (target === undefined) this.counters.unknown += 1;
    else this.view.toggle(target, "hidden", !payload.on);
  }

  /** @returns {number} */
  frame() {
    return Infinity;
  }
}

// @ts-check
// `toggle` shows and hides widgets by name. "all" is every widget; "hud" belongs to the HUD. Other names are ignored.

/** @typedef {import("../core/types.mjs").Event} Event */

export class Toggles {
  /**
   * @param {import("./dom.mjs").Stage} stage
   * @param {HTMLElement} root holds all widgets
   * @param {import("../core/types.mjs").Part[]} parts
   * @param {(on: boolean) => void} hud
   */
  constructor(stage, root, parts, hud) {
    this.view = stage.view;
    this.hud = hud;
    /** @type {Map<string, HTMLElement>} */
    this.targets = new Map([
      ["all", root],
      ...parts.map((part) => /** @type {const} */ ([part.name, part.root])),
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

// @ts-check
// `toggle` shows and hides widgets by name. "all" is every widget; "hud" belongs to the HUD. "paused" and "muted" are for
// the queues: the last value set by `show`, for a page that is loaded afterwards. Other names are ignored.

/** @typedef {import("../core/events.js").EventOf<"toggle">} Event */

/** @typedef {import("../core/events.js").Show["action"]} Action */

/** @type {Record<string, [Action, Action]>} a name, and what `show` says when it is on and when it is off */
const QUEUES = { paused: ["pause", "resume"], muted: ["mute", "unmute"] };

export class Toggles {
  /**
   * @param {import("./dom.mjs").Stage} stage
   * @param {HTMLElement} root holds all widgets
   * @param {import("../core/types.mjs").Part[]} parts
   * @param {(on: boolean) => void} hud
   */
  constructor(stage, root, parts, hud) {
    this.view = stage.view;
    this.ranks = stage.ranks;
    this.hud = hud;
    this.queues = parts.filter((part) => part.types.includes("show"));
    /** @type {Map<string, HTMLElement>} */
    this.targets = new Map([
      ["all", root],
      ...parts.map((part) => /** @type {const} */ ([part.name, part.root])),
    ]);
    this.counters = { unknown: 0 };
  }

  /** @param {Event} event @param {import("../core/types.mjs").Moment} moment */
  updateAction(event, moment) {
    const { payload } = event;
    const target = this.targets.get(payload.name);
    if (payload.name === "hud") this.hud(payload.on);
    else if (Object.hasOwn(QUEUES, payload.name)) {
      const action = QUEUES[payload.name][payload.on ? 0 : 1];
      for (const { widget } of this.queues) widget.updateAction({ ...event, type: "show", payload: { action } }, moment);
    } else if (target === undefined) this.counters.unknown += 1;
    else {
      this.view.toggle(target, "hidden", !payload.on);
      this.ranks.see(payload.name, "toggle", payload.on);
    }
  }

  /** @returns {number} */
  frame() {
    return Infinity;
  }
}

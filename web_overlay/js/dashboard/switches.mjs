// @ts-check
// Switches of the operator: paused, muted, hidden. They are read from the events that every dashboard and every overlay
// receives, not from the page whose button was pressed. Pure.

/** @typedef {import("../core/types.mjs").Event} Event */

export const MOST_OFF = 64; // widgets that are hidden by name; any sender of events chooses the names

/** @type {Record<string, ["paused" | "muted", boolean]>} */
const ACTIONS = {
  pause: ["paused", true],
  resume: ["paused", false],
  mute: ["muted", true],
  unmute: ["muted", false],
};

export class Switches {
  constructor() {
    this.paused = false;
    this.muted = false;
    this.hidden = false;
    this.scene = "";
    /** Widgets that are hidden by name. @type {Set<string>} */
    this.off = new Set();
  }

  /** @param {Event[]} events in the order in which they came */
  see(events) {
    for (const { type, payload } of events) {
      if (type === "toggle") this.toggled(String(payload?.name), payload?.on === true);
      else if (type === "scene") this.scene = String(payload?.name ?? "");
      else if (type === "show" && !payload?.widget && Object.hasOwn(ACTIONS, payload?.action)) {
        const [name, on] = ACTIONS[payload.action];
        this[name] = on;
      }
    }
  }

  /** @param {string} name @param {boolean} on */
  toggled(name, on) {
    if (name === "paused") this.paused = on;
    else if (name === "muted") this.muted = on;
    else if (name === "all") this.hidden = !on;
    else if (name !== "hud") this.off[on ? "delete" : "add"](name);
    if (this.off.size > MOST_OFF) this.off.delete([...this.off][0]);
  }

  /** @param {unknown} [scenes] of all layouts, if known @returns {string[]} what a viewer does not get now, in words */
  words(scenes) {
    const found = [];
    const missing = Array.isArray(scenes) && !scenes.includes(this.scene);
    if (this.scene !== "") found.push(missing ? `no layout has the scene ${this.scene}` : `overlays show the scene ${this.scene}`);
    if (this.hidden) found.push("everything is hidden");
    if (this.paused) found.push("alerts are paused");
    if (this.muted) found.push("sound is muted");
    if (this.off.size > 0) found.push(`${[...this.off].sort().join(", ")} hidden`);
    return found;
  }
}

// @ts-check
// The events that the dashboard keeps, newest first. Pure.
//
// Two lists, because hits and streaks arrive by the hundred and must not remove a follow of a minute ago.

/** @typedef {import("../core/types.mjs").Event} Event */
export const KEPT = 500;
const KEPT_FREQUENT = 200;
const FREQUENT = new Set(["streak", "score", "player_move", "radar_player"]); // states that follow from other events
const AFTER_SHOW = new Set(["paused", "muted"]); // the state after `show`, for pages that are loaded later

/** @param {Event} event */
function frequent(event) {
  if (event.type === "toggle") return AFTER_SHOW.has(event.payload?.name);
  return event.category === "cosmetic" || FREQUENT.has(event.type);
}

export class River {
  constructor() {
    /** @type {Event[]} oldest first */
    this.kept = [];
    /** @type {Event[]} */
    this.frequent = [];
    /** @type {Set<string>} */
    this.ids = new Set();
    this.seen = 0;
    /** The list that is shown while it is paused. @type {Event[] | null} */
    this.held = null;
    this.held_at = 0;
  }

  /** @param {Event[]} events */
  add(events) {
    for (const event of events) {
      if (this.ids.has(event.id)) continue; // after a reconnect the log may bring what is known
      this.seen += 1;
      this.ids.add(event.id);
      const [list, most] = frequent(event) ? [this.frequent, KEPT_FREQUENT] : [this.kept, KEPT];
      list.push(event);
      if (list.length > most) this.ids.delete(/** @type {Event} */ (list.shift()).id);
    }
  }

  /** @param {boolean} on @param {Filter} filter */
  pause(on, filter) {
    this.held = on ? this.list(filter) : null;
    this.held_at = this.seen;
  }

  /** How many came since it was paused. */
  get waiting() {
    return this.held === null ? 0 : this.seen - this.held_at;
  }

  /** @param {Filter} filter @returns {Event[]} newest first */
  list(filter) {
    if (this.held !== null) return this.held;
    const both = [...this.kept, ...(filter.type === "" ? [] : this.frequent)].filter((event) => fits(event, filter));
    return both.reverse().sort((a, b) => b.ts_ingest_ms - a.ts_ingest_ms).slice(0, KEPT);
  }
}

/** @typedef {{type: string, text: string}} Filter `type` is a type, "all" for all with the frequent ones, "" for all others */

/** @param {Event} event @param {Filter} filter */
function fits(event, { type, text }) {
  if (type !== "" && type !== "all" && event.type !== type) return false;
  if (text === "") return true;
  const words = `${event.id} ${event.type} ${event.source} ${JSON.stringify(event.payload)}`.toLowerCase();
  return words.includes(text.toLowerCase());
}

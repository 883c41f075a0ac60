// @ts-check
// Normal and cosmetic events that wait for the next frame. They may be dropped by the rules below.
//
// Bounded: a full queue drops the oldest event of the lowest priority, the new one included. Equal coalesce keys are one
// entry whose counts add up. An event after its TTL is expired. All three are counted, so
// received = taken + merged + expired + overflowed + waiting, always.

/** @typedef {import("./types.mjs").Event} Event */
/** @typedef {{event: Event, received: number, replay: boolean}} Entry */

export const CAPACITY = 512; // 8 frames of 60 events: more never fits a screen within its time
const PRIORITIES = 10;

export class Queue {
  /** @param {number} [capacity] */
  constructor(capacity = CAPACITY) {
    this.capacity = capacity;
    this.size = 0;
    this.counters = { received: 0, taken: 0, merged: 0, expired: 0, overflowed: 0 };
    /** @type {Entry[][]} by priority, oldest first */
    this.lanes = Array.from({ length: PRIORITIES }, () => []);
    /** @type {Map<string, Entry>} */
    this.keyed = new Map();
  }

  /**
   * @param {Event} event
   * @param {number} received
   * @param {boolean} replay
   */
  push(event, received, replay) {
    this.counters.received += 1;
    const key = event.coalesce_key;
    const waiting = key === null ? undefined : this.keyed.get(key);
    if (waiting !== undefined) {
      this.counters.merged += 1;
      waiting.event = { ...event, count: waiting.event.count + event.count };
      return;
    }
    if (this.size >= this.capacity && !this.giveWay(laneOf(event))) return;
    const entry = { event, received, replay };
    this.lanes[laneOf(event)].push(entry);
    this.size += 1;
    if (key !== null) this.keyed.set(key, entry);
  }

  /**
   * Return all events that have not expired: higher priority first, then older events.
   * @param {number} server_ms the server's wall clock
   * @returns {Entry[]}
   */
  take(server_ms) {
    /** @type {Entry[]} */
    const taken = [];
    if (this.size === 0) return taken;
    for (let priority = PRIORITIES - 1; priority >= 0; priority -= 1) {
      for (const entry of this.lanes[priority]) {
        if (isOver(entry.event, server_ms)) this.counters.expired += 1;
        else taken.push(entry);
      }
      this.lanes[priority].length = 0;
    }
    this.counters.taken += taken.length;
    this.keyed.clear();
    this.size = 0;
    return taken;
  }

  /** @param {number} newcomer its lane @returns {boolean} whether there is room now */
  giveWay(newcomer) {
    this.counters.overflowed += 1;
    const lowest = this.lanes.findIndex((lane) => lane.length > 0);
    if (lowest > newcomer || lowest === -1) return false;
    const gone = /** @type {Entry} */ (this.lanes[lowest].shift());
    if (gone.event.coalesce_key !== null) this.keyed.delete(gone.event.coalesce_key);
    this.size -= 1;
    return true;
  }

  /** How many were dropped, by whatever rule. */
  get dropped() {
    return this.counters.expired + this.counters.overflowed;
  }
}

/**
 * @param {Event} event
 * @param {number} server_ms
 */
export function isOver(event, server_ms) {
  return event.ttl_ms > 0 && server_ms - event.ts_ingest_ms > event.ttl_ms;
}

/** @param {Event} event */
function laneOf(event) {
  return Math.max(0, Math.min(PRIORITIES - 1, Math.trunc(event.priority)));
}

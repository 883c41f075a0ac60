// @ts-check
// Normal and cosmetic events that wait for the next frame. They may be dropped by the rules below.
//
// Bounded: a full queue drops the oldest event of the lowest priority, the new one included. Equal coalesce keys are one
// entry whose counts add up. An event after its TTL is expired. A page that is too slow (governor.mjs) takes chat less often,
// and in an emergency sheds what is below a priority. All are counted, so
// received = taken + merged + expired + overflowed + shed + waiting, always.

import { isTest } from "./leftovers.mjs";

/** @typedef {import("./types.mjs").Event} Event */
/** @typedef {import("./types.mjs").Arrival} Arrival */
/** @typedef {{event: Event, arrival: Arrival}} Entry */

export const CAPACITY = 512; // 8 frames of 60 events: more never fits a screen within its time
const PRIORITIES = 10;
const HELD = 4; // below this priority, which chat has, events are held
const ALL = { hold_ms: 0, floor: 0 };

export class Queue {
  /** @param {number} [capacity] */
  constructor(capacity = CAPACITY) {
    this.capacity = capacity;
    this.size = 0;
    this.counters = { received: 0, taken: 0, merged: 0, expired: 0, overflowed: 0, shed: 0 };
    this.taken_at = -Infinity; // when events that may be held were last taken
    /** @type {Entry[][]} by priority, oldest first */
    this.lanes = Array.from({ length: PRIORITIES }, () => []);
    /** @type {Map<string, Entry>} */
    this.keyed = new Map();
  }

  /**
   * @param {Event} event
   * @param {Arrival} arrival a merged event keeps that of the first one, which has waited for the longest time
   */
  push(event, arrival) {
    this.counters.received += 1;
    const key = event.coalesce_key;
    const waiting = key === null ? undefined : this.keyed.get(key);
    if (waiting !== undefined) {
      this.counters.merged += 1;
      waiting.event = { ...event, count: waiting.event.count + event.count };
      return;
    }
    if (this.size >= this.capacity && !this.giveWay(laneOf(event))) return;
    const entry = { event, arrival };
    this.lanes[laneOf(event)].push(entry);
    this.size += 1;
    if (key !== null) this.keyed.set(key, entry);
  }

  /**
   * Return all events that have not expired: higher priority first, then older events.
   * @param {number} server_ms the server's wall clock
   * @param {{hold_ms: number, floor: number}} [level] of the governor
   * @param {number} [now] of the page's clock
   * @returns {Entry[]}
   */
  take(server_ms, level = ALL, now = 0) {
    /** @type {Entry[]} */
    const taken = [];
    if (this.size === 0) return taken;
    const holds = now < this.taken_at + level.hold_ms;
    if (!holds) this.taken_at = now;
    for (let priority = PRIORITIES - 1; priority >= (holds ? HELD : 0); priority -= 1) {
      const lane = this.lanes[priority];
      for (const entry of lane) {
        if (entry.event.coalesce_key !== null) this.keyed.delete(entry.event.coalesce_key);
        if (isOver(entry.event, server_ms)) this.counters.expired += 1;
        else if (priority < level.floor) this.counters.shed += 1;
        else taken.push(entry);
      }
      this.size -= lane.length;
      lane.length = 0;
    }
    this.counters.taken += taken.length;
    return taken;
  }

  /** Drop what waits of tests: it counts as expired. */
  endTests() {
    for (const [at, lane] of this.lanes.entries()) {
      const kept = lane.filter(({ event }) => !isTest(event));
      for (const { event } of lane) if (isTest(event) && event.coalesce_key !== null) this.keyed.delete(event.coalesce_key);
      this.counters.expired += lane.length - kept.length;
      this.size -= lane.length - kept.length;
      this.lanes[at] = kept;
    }
  }

  /** When the next frame is needed for events that are held. @param {{hold_ms: number}} level */
  due({ hold_ms }) {
    return this.size > 0 ? this.taken_at + hold_ms : Infinity;
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
    return this.counters.expired + this.counters.overflowed + this.counters.shed;
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

// @ts-check
// State: only the last value per key matters. A frame takes the keys that changed since the last one.

import { Leftovers } from "./leftovers.mjs";

/** @typedef {import("./types.mjs").Event} Event */
/** @typedef {import("./types.mjs").Arrival} Arrival */
/** @typedef {{event: Event, arrival: Arrival}} Value */

export const CAPACITY = 4096; // one per player and kind; beyond it the key that has not changed for the longest time is removed

export class Store {
  /** @param {number} [capacity] */
  constructor(capacity = CAPACITY) {
    this.capacity = capacity;
    /** @type {Map<string, Value>} least recently changed first */
    this.values = new Map();
    /** @type {Set<string>} */
    this.dirty = new Set();
    this.leftovers = new Leftovers();
    this.counters = { received: 0, superseded: 0, stale: 0, forgotten: 0 };
  }

  /**
   * @param {Event} event
   * @param {Arrival} arrival the value of a welcome may be older than what a frame brought
   */
  put(event, arrival) {
    this.counters.received += 1;
    const key = event.coalesce_key ?? event.type;
    const last = this.values.get(key);
    if (arrival.origin === "welcome" && last !== undefined && event.ts_ingest_ms <= last.event.ts_ingest_ms) {
      this.counters.stale += 1;
      return;
    }
    if (this.dirty.delete(key)) this.counters.superseded += 1;
    this.values.delete(key);
    this.values.set(key, { event, arrival });
    this.dirty.add(key); // at the end: two keys may tell of one thing, and the later one counts
    if (this.values.size > this.capacity) this.forget();
  }

  /** Note an event of any type: one may end the tests. @param {Event} event @param {Arrival} arrival */
  see(event, arrival) {
    this.restore(this.leftovers.see(event), arrival);
  }

  /** @param {Arrival} arrival of what ends them */
  endTests(arrival) {
    this.restore(this.leftovers.end(), arrival);
  }

  /** @param {Event[]} events states that hold again @param {Arrival} arrival */
  restore(events, arrival) {
    for (const event of events) this.put(event, { ...arrival, origin: "replay" });
  }

  /** @returns {Value[]} what changed since the last call, in the order of the changes */
  take() {
    /** @type {Value[]} */
    const changed = [];
    for (const key of this.dirty) {
      const value = this.values.get(key);
      if (value !== undefined) changed.push(value);
    }
    this.dirty.clear();
    return changed;
  }

  forget() {
    const [oldest] = this.values.keys();
    this.values.delete(oldest);
    this.dirty.delete(oldest);
    this.counters.forgotten += 1;
  }
}

// @ts-check
// What waits for a frame in its order, and is never dropped: critical events, places, and the command that ends tests.

/** @typedef {import("./types.mjs").Event} Event */
/** @typedef {import("./types.mjs").Arrival} Arrival */
/** @typedef {{event: Event, arrival: Arrival} | {event: null, epoch: string, position: number}} Entry */

export const ROOM = 10_000; // entries that may wait for a frame; beyond, the log keeps them
const PER_FRAME = 2_000; // applied in one frame: 2 to 6 ms (measured in tests/web, 2026-11); the rest follows in the next

export class Pending {
  constructor() {
    /** @type {Entry[]} */
    this.entries = [];
    this.head = 0;
  }

  get size() {
    return this.entries.length - this.head;
  }

  /** @param {Entry} entry */
  push(entry) {
    this.entries.push(entry);
  }

  /** @returns {Entry[]} those for one frame, the oldest first */
  take() {
    const taken = this.entries.slice(this.head, this.head + PER_FRAME);
    this.head += taken.length;
    if (this.size === 0 || this.head >= ROOM) this.head -= this.entries.splice(0, this.head).length;
    return taken;
  }
}

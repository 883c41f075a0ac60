// @ts-check
// The rendered events in order, which a rehearsal reads (`?journal=1`, docs/overlay.md).

/** @typedef {{id: string, type: string, position: number, count: number, ts_ingest_ms: number, received_ms: number,
 *   tick_ms: number, committed_ms: number, replay: boolean}} Line */

export const CAPACITY = 200_000; // about 40 MB
const STEP = 10_000; // removed at once, because cutting the head of an array is expensive

export class Journal {
  /** @param {number} [capacity] @param {number} [step] */
  constructor(capacity = CAPACITY, step = STEP) {
    this.capacity = capacity;
    this.step = step;
    /** @type {Line[]} */
    this.lines = [];
    this.forgotten = 0;
  }

  /** @param {Line} line */
  add(line) {
    this.lines.push(line);
    if (this.lines.length <= this.capacity) return;
    this.lines.splice(0, this.step);
    this.forgotten += this.step;
  }
}

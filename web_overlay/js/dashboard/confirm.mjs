// @ts-check
// A press that asks for a second one within a time, for what cannot be taken back. Pure.

const WITHIN_MS = 3_000;

export class Confirm {
  #asked_ms = -Infinity;

  /** @param {number} now_ms @returns {boolean} whether the next press is the second one */
  waits(now_ms) {
    return now_ms - this.#asked_ms <= WITHIN_MS;
  }

  /** @param {number} now_ms @returns {boolean} whether this press is the second one */
  press(now_ms) {
    const second = this.waits(now_ms);
    this.#asked_ms = second ? -Infinity : now_ms;
    return second;
  }
}

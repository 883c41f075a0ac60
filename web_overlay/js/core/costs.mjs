// @ts-check
// What each system of the page costs per frame, against its budget: a mean over about a hundred frames. Pure.

import { NOMINAL_MS } from "./governor.mjs";

const WEIGHT = 0.01; // of the newest frame in the mean

/** Target and critical, in ms of a frame of 60 Hz; a page with fewer frames per second has more time. */
/** @type {Record<string, readonly [number, number]>} */
export const BUDGETS = {
  ingest: [0.1, 0.5], // receive, decode, hand over
  merge: [0.05, 0.3], // what waits: expired, merged, ordered
  killfeed: [0.15, 0.6],
  chat: [0.2, 0.8],
  hitmarkers: [0.2, 0.8],
  radar: [0.2, 0.8],
  commit: [0.3, 1.5],
  hud: [0.05, 0.5],
};
const OTHER = /** @type {const} */ ([0.05, 0.3]); // every other widget, and those of users

/** @typedef {{name: string, ms: number, target_ms: number, state: "" | "over" | "critical"}} Cost */

export class Costs {
  /** @param {() => number} [now] in ms */
  constructor(now = () => 0) {
    this.now = now;
    /** @type {Map<string, {frame_ms: number, mean_ms: number}>} */
    this.parts = new Map();
  }

  /** @param {string} name @param {number} ms */
  add(name, ms) {
    const part = this.parts.get(name);
    if (part === undefined) this.parts.set(name, { frame_ms: ms, mean_ms: 0 });
    else part.frame_ms += ms;
  }

  /** Run something at the cost of a system. @template T @param {string} name @param {() => T} run @returns {T} */
  timed(name, run) {
    const begin = this.now();
    try {
      return run();
    } finally {
      this.add(name, this.now() - begin);
    }
  }

  framed() {
    for (const part of this.parts.values()) {
      part.mean_ms += WEIGHT * (part.frame_ms - part.mean_ms);
      part.frame_ms = 0;
    }
  }

  /** All systems, by the share of their budget that they take, largest first. @param {number} interval_ms between two frames @returns {Cost[]} */
  list(interval_ms) {
    const room = interval_ms / NOMINAL_MS;
    return [...this.parts]
      .map(([name, { mean_ms: ms }]) => {
        const [target, critical] = Object.hasOwn(BUDGETS, name) ? BUDGETS[name] : OTHER;
        const state = ms > critical * room ? /** @type {const} */ ("critical") : ms > target * room ? /** @type {const} */ ("over") : /** @type {const} */ ("");
        return { name, ms, target_ms: target * room, state };
      })
      .sort((one, other) => other.ms / other.target_ms - one.ms / one.target_ms);
  }

  /** @returns {{name: string, ms: number} | null} the dearest */
  slowest() {
    let found = null;
    for (const [name, { mean_ms: ms }] of this.parts) if (ms > (found?.ms ?? 0)) found = { name, ms };
    return found;
  }
}

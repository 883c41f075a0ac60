// @ts-check
// How long events take: in all, and in each stage between their times.
//
//    source ──▶ ingest ──▶ tick (its frame is made) ──▶ received by the page ──▶ rendered (its frame is committed)

import { Recent } from "./stats.mjs";

/** @typedef {{source: number | null, ingest: number, tick: number, received: number, rendered: number}} Times ms of the server's clock */

const KEPT = 512; // events that the figures are taken from: 10 s of a busy game

/** @type {readonly [keyof Times, keyof Times][]} */
export const STAGES = [
  ["source", "ingest"],
  ["ingest", "tick"],
  ["tick", "received"],
  ["received", "rendered"],
];

export class Latency {
  constructor() {
    this.all = new Recent(KEPT); // ingest to rendered
    this.stages = STAGES.map(() => new Recent(KEPT));
  }

  /** @param {Times} times */
  add(times) {
    this.all.push(times.rendered - times.ingest);
    for (let at = 0; at < STAGES.length; at += 1) {
      const from = times[STAGES[at][0]];
      if (from !== null) this.stages[at].push(/** @type {number} */ (times[STAGES[at][1]]) - from);
    }
  }

  /** @returns {{from: string, to: string, p50_ms: number | null, p95_ms: number | null}[]} null: no event had these times */
  list() {
    return STAGES.map(([from, to], at) => {
      const [p50_ms, p95_ms] = this.stages[at].percentiles(0.5, 0.95);
      return { from, to, p50_ms, p95_ms };
    });
  }
}

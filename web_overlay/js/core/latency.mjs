// @ts-check
// How long events take: in all, and in each stage between their times.
//
//    source ──▶ ingest ──▶ tick (its frame is made) ──▶ received by the page ──▶ rendered (its frame is committed)

import { Recent } from "./stats.mjs";

/** @typedef {{source: number | null, ingest: number, tick: number, received: number, rendered: number}} Times ms of the server's clock */

const KEPT = 512; // events that the figures are taken from: 10 s of a busy game
const FRESH_MS = 60_000; // an older latency says nothing of the page as it is now

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
    /** When each latency was measured, in the same order. @type {Map<Recent, Recent>} */
    this.times = new Map([this.all, ...this.stages].map((latencies) => [latencies, new Recent(KEPT)]));
  }

  /** @param {Times} times @param {number} now ms of the page's clock */
  add(times, now) {
    this.push(this.all, times.rendered - times.ingest, now);
    for (let at = 0; at < STAGES.length; at += 1) {
      const from = times[STAGES[at][0]];
      if (from !== null) this.push(this.stages[at], /** @type {number} */ (times[STAGES[at][1]]) - from, now);
    }
  }

  /** @param {Recent} latencies @param {number} latency @param {number} now */
  push(latencies, latency, now) {
    latencies.push(latency);
    this.times.get(latencies)?.push(now);
  }

  /** Forget what is no longer fresh. @param {number} now ms of the page's clock */
  age(now) {
    for (const [latencies, times] of this.times) {
      while (times.size > 0 && now - times.at(times.size - 1) > FRESH_MS) {
        times.shift();
        latencies.shift();
      }
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

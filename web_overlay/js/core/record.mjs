// @ts-check
// Records of committed frames: the latency of each event, and, on request, a journal of all events.

import { Recent } from "./stats.mjs";

/** @typedef {{event: import("./types.mjs").Event, received: number, replay: boolean}} Applied */

const KEPT = 512; // live events that the latency is taken from: 10 s of a busy game

export class Record {
  /**
   * @param {import("./clock.mjs").Clock} clock
   * @param {import("./journal.mjs").Journal | null} journal
   */
  constructor(clock, journal) {
    this.clock = clock;
    this.journal = journal;
    /** Ingest to commit, ms; not of replays, which are late by their nature. */
    this.latency = new Recent(KEPT);
    /** @type {Applied[]} */
    this.applied = [];
  }

  /** The frame that is being made holds this. @param {Applied} applied */
  add(applied) {
    this.applied.push(applied);
  }

  /** The frame is in the page. */
  committed() {
    if (this.applied.length === 0) return;
    const committed_ms = this.clock.server();
    for (const { event, received, replay } of this.applied) {
      const { id, type, position, count, ts_ingest_ms } = event;
      if (!replay) this.latency.push(committed_ms - ts_ingest_ms);
      const received_ms = received + this.clock.offset_ms;
      this.journal?.add({ id, type, position, count, ts_ingest_ms, received_ms, committed_ms, replay });
    }
    this.applied.length = 0;
  }
}

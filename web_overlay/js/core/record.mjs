// @ts-check
// Records of committed frames: the latency of each event, and, on request, a journal of all events.

import { Latency } from "./latency.mjs";

/** @typedef {{event: import("./types.mjs").Event, arrival: import("./types.mjs").Arrival}} Applied */

export class Record {
  /**
   * @param {import("./clock.mjs").Clock} clock
   * @param {import("./journal.mjs").Journal | null} journal
   */
  constructor(clock, journal) {
    this.clock = clock;
    this.journal = journal;
    /** Not of replays, which are late by their nature. */
    this.latency = new Latency();
    /** @type {Applied[]} */
    this.applied = [];
  }

  /** The frame that is being made holds this. @param {Applied} applied */
  add(applied) {
    this.applied.push(applied);
  }

  /** The latencies of the last minute. */
  recent() {
    this.latency.age(this.clock.now());
    return this.latency;
  }

  /** The frame is in the page. */
  committed() {
    if (this.applied.length === 0) return;
    const committed_ms = this.clock.server();
    for (const { event, arrival } of this.applied) {
      const { id, type, position, count, ts_ingest_ms } = event;
      const { tick_ms } = arrival;
      const received_ms = arrival.received + this.clock.offset_ms;
      const replay = arrival.origin === "replay";
      const times = { source: event.ts_source_ms, ingest: ts_ingest_ms, tick: tick_ms, received: received_ms, rendered: committed_ms };
      if (!replay) this.latency.add(times, this.clock.now());
      this.journal?.add({ id, type, position, count, ts_ingest_ms, tick_ms, received_ms, committed_ms, replay });
    }
    this.applied.length = 0;
  }
}

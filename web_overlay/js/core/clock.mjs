// @ts-check
// Two clocks: `now` is monotonic and for windows and deadlines; `server` is the server's wall clock and for ages.
//
// The offset between them is measured with ping and pong: of the last 8 exchanges the one with the shortest round trip is
// the most exact (Cristian's algorithm). The monotonic clock of a page drifts from the wall clock, so pings are repeated.

const KEPT = 8;
const DRIFT_MS = 250; // of a page's clock between two of the samples, and more

export class Clock {
  /**
   * @param {() => number} now monotonic milliseconds, with a fraction
   * @param {number} origin wall clock at now() = 0, ms since 1970
   */
  constructor(now, origin) {
    this.now = now;
    /** What to add to now() to get the server's wall clock. */
    this.offset_ms = origin;
    this.measured = false;
    /** @type {{rtt: number, offset: number}[]} */
    this.samples = [];
  }

  /** The server's wall clock, ms since 1970. */
  server() {
    return this.now() + this.offset_ms;
  }

  /**
   * Learn from an answer: the server's clock stood at `server_ts_ms` somewhere between `sent` and `received`.
   * @param {number} sent by now()
   * @param {number} received by now()
   * @param {number} server_ts_ms
   */
  learn(sent, received, server_ts_ms) {
    if (received < sent) return;
    const fresh = { rtt: received - sent, offset: server_ts_ms - (sent + received) / 2 };
    // An offset is wrong by at most half of its round trip; if two contradict each other, the server's clock was set.
    this.samples = this.samples.filter(({ rtt, offset }) => Math.abs(fresh.offset - offset) <= (fresh.rtt + rtt) / 2 + DRIFT_MS);
    this.samples.push(fresh);
    if (this.samples.length > KEPT) this.samples.shift();
    let best = this.samples[0];
    for (const sample of this.samples) if (sample.rtt < best.rtt) best = sample;
    this.offset_ms = best.offset;
    this.measured = true;
  }

  /** @param {import("./types.mjs").Pong | import("./types.mjs").Welcome} message @param {number} at when it came, by now() */
  hear(message, at) {
    if (message.t === "pong") this.learn(message.client_ts_ms, at, message.server_ts_ms);
    else if (!this.measured) this.offset_ms = message.server_ts_ms - at;
  }

  /** Reset the offset: the gateway may be another machine now. */
  forget() {
    this.samples = [];
    this.measured = false;
  }
}

/** @returns {Clock} the page's own */
export function pageClock() {
  return new Clock(() => performance.now(), performance.timeOrigin);
}

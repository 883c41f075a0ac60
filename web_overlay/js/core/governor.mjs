// @ts-check
// Adaptive quality: when our own script takes too much of a frame, widgets show half as much, without movement.
//
//    full ──mean own cost > 60 % of the interval──▶ reduced
//    full ◀──5 s in a row below 30 %─────────────── reduced
//
// A frame that is late although our script was short was delayed by other work: it is counted, and nothing is reduced.

const NOMINAL_MS = 1_000 / 60;
const TOO_MUCH = 0.6;
const LITTLE = 0.3;
const CALM_MS = 5_000;
const LATE = 1.5; // intervals
const WEIGHT = 0.1; // of the newest frame in the mean: about ten frames count

export class Governor {
  constructor() {
    this.reduced = false;
    this.nominal_ms = NOMINAL_MS; // between two frames of the screen; the page corrects it
    this.mean_ms = 0;
    this.calm_since = Infinity;
    this.counters = { reductions: 0, external: 0, own: 0 };
  }

  /**
   * One frame was rendered.
   * @param {number} now
   * @param {number} own_ms what our script took
   * @param {number | null} interval_ms since the frame before; null when frames did not flow
   * @returns {boolean} whether the quality has changed
   */
  framed(now, own_ms, interval_ms) {
    const { nominal_ms } = this;
    this.mean_ms += WEIGHT * (own_ms - this.mean_ms);
    if (interval_ms !== null && interval_ms > LATE * nominal_ms) {
      this.counters[own_ms > 0.4 * nominal_ms ? "own" : "external"] += 1;
    }
    if (this.mean_ms >= LITTLE * nominal_ms) this.calm_since = Infinity;
    else if (this.calm_since === Infinity) this.calm_since = now;
    const before = this.reduced;
    if (this.mean_ms > TOO_MUCH * nominal_ms) this.reduced = true;
    else if (this.reduced && now - this.calm_since >= CALM_MS) this.reduced = false;
    if (this.reduced && !before) this.counters.reductions += 1;
    return this.reduced !== before;
  }
}

/** What each part of the picture costs: a mean over about a hundred frames. */
export class Costs {
  constructor() {
    /** @type {Map<string, {frame_ms: number, mean_ms: number}>} */
    this.parts = new Map();
  }

  /** @param {string} name @param {number} ms */
  add(name, ms) {
    const part = this.parts.get(name);
    if (part === undefined) this.parts.set(name, { frame_ms: ms, mean_ms: 0 });
    else part.frame_ms += ms;
  }

  framed() {
    for (const part of this.parts.values()) {
      part.mean_ms += 0.01 * (part.frame_ms - part.mean_ms);
      part.frame_ms = 0;
    }
  }

  /** @returns {{name: string, ms: number} | null} the dearest */
  slowest() {
    let found = null;
    for (const [name, { mean_ms: ms }] of this.parts) if (ms > (found?.ms ?? 0)) found = { name, ms };
    return found;
  }
}

// @ts-check
// Adaptive quality: when our own script takes too much of a frame, the page shows less, one level at a time.
//
//    level  rows  entrances  chat and HUD       events below FLOOR
//    0      all   yes        every frame        shown                  one level down: RULES.slow
//    1      half  yes        every frame        shown                  to level 3:     RULES.emergency
//    2      half  no         10 and 1 times/s   shown                  one level up:   5 s in a row below 30 %
//    3      half  no         10 and 1 times/s   dropped and counted                    (from level 3: 1 s)
//
// A frame that is late although our script was short was delayed by other work: it is counted, and nothing is reduced.
// All times are shares of the interval between two frames, because OBS draws 30 to 60 frames per second.

export const NOMINAL_MS = 1_000 / 60;

/** @typedef {{share: number, calm: boolean, hold_ms: number, hud_ms: number, floor: number}} Level */

const FLOOR = 5; // the priority of a hit; chat has 3. Critical events and states are always shown
/** @type {readonly Level[]} */
export const LEVELS = [
  { share: 1, calm: false, hold_ms: 0, hud_ms: 250, floor: 0 },
  { share: 0.5, calm: false, hold_ms: 0, hud_ms: 250, floor: 0 },
  { share: 0.5, calm: true, hold_ms: 100, hud_ms: 1_000, floor: 0 },
  { share: 0.5, calm: true, hold_ms: 100, hud_ms: 1_000, floor: FLOOR },
];
export const NAMES = ["full", "fewer rows", "no entrances", "emergency"];
const EMERGENCY = LEVELS.length - 1;

/**
 * What the last frames were: `mean`, the mean share that our script took; of the last ten frames, how many were `late` by our
 * script and how many `long`; `row`, how many in a row were late by our script; `queue`, the share of the queue that is used.
 * @typedef {{mean: number, late: number, long: number, row: number, queue: number}} Load
 */

/** @type {Record<"slow" | "emergency", (load: Load) => boolean>} */
export const RULES = {
  slow: ({ mean, late }) => mean > 0.6 || late >= 3,
  emergency: ({ long, row, queue }) => long >= 2 || row >= 3 || queue > 0.8,
};
const LITTLE = 0.3;
const LATE = 1.5; // intervals
const LONG = 3; // intervals: 50 ms at 60 frames per second. One such frame is no reason: a game may have taken the processor
const OURS = 0.4; // the share from which a late frame was late by our script
const CALM_MS = 5_000;
const CALM_EMERGENCY_MS = 1_000;
const SETTLE_MS = 1_000; // between two steps down, so that the effect of the first is known
const WINDOW = 10; // frames
const WEIGHT = 0.1; // of the newest frame in the mean: about ten frames count

export class Governor {
  /** @param {number | null} [fixed] the level of an address with ?quality= */
  constructor(fixed = null) {
    this.fixed = fixed;
    this.level = fixed ?? 0;
    this.nominal_ms = NOMINAL_MS; // between two frames of the screen; the page corrects it
    this.mean = 0;
    /** @type {{late: boolean, long: boolean}[]} the newest last */
    this.frames = [];
    this.row = 0;
    this.calm_since = Infinity;
    this.stepped_at = -Infinity;
    this.counters = { reductions: 0, external: 0, own: 0 };
  }

  get current() {
    return LEVELS[this.level];
  }

  /**
   * One frame was rendered.
   * @param {number} now
   * @param {number} own_ms what our script took
   * @param {number | null} interval_ms since the frame before; null when frames did not flow
   * @param {number} [queue] the share of the queue that was used
   * @returns {boolean} whether the level has changed
   */
  framed(now, own_ms, interval_ms, queue = 0) {
    const before = this.level;
    const load = this.see(own_ms, interval_ms, queue);
    if (load.mean >= LITTLE) this.calm_since = Infinity;
    else if (this.calm_since === Infinity) this.calm_since = now;
    if (this.fixed === null) this.level = this.next(now, load);
    if (this.level === before) return false;
    if (this.level > before) this.counters.reductions += 1;
    this.stepped_at = now;
    this.frames.length = this.row = 0;
    this.calm_since = Infinity;
    return true;
  }

  /** @param {number} own_ms @param {number | null} interval_ms @param {number} queue @returns {Load} */
  see(own_ms, interval_ms, queue) {
    const own = own_ms / this.nominal_ms;
    this.mean += WEIGHT * (own - this.mean);
    const isLate = interval_ms !== null && interval_ms > LATE * this.nominal_ms;
    const late = isLate && own > OURS;
    if (isLate) this.counters[late ? "own" : "external"] += 1;
    this.row = late ? this.row + 1 : 0;
    this.frames.push({ late, long: interval_ms !== null && own > LONG });
    if (this.frames.length > WINDOW) this.frames.shift();
    const count = (/** @type {"late" | "long"} */ name) => this.frames.filter((frame) => frame[name]).length;
    // The queue of a page that was hidden is full without a fault.
    return { mean: this.mean, late: count("late"), long: count("long"), row: this.row, queue: interval_ms === null ? 0 : queue };
  }

  /** @param {number} now @param {Load} load @returns {number} the level */
  next(now, load) {
    const { level } = this;
    if (RULES.emergency(load)) return EMERGENCY;
    if (level < EMERGENCY - 1 && RULES.slow(load) && now - this.stepped_at >= SETTLE_MS) return level + 1;
    const calm_ms = level === EMERGENCY ? CALM_EMERGENCY_MS : CALM_MS;
    return level > 0 && now - this.calm_since >= calm_ms ? level - 1 : level;
  }
}

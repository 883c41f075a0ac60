// @ts-check
// Times of receipts: soon after rendering, at most at the interval of the gateway, and periodically for measurements.

const EVERY_MS = 100; // docs/wire.md, "receipt"
const FIGURES_MS = 2_000; // fresh enough for a dashboard, and a small load for the log

const MOST_UNSEEN = 50; // ranges in one receipt, which holds at most 4 KiB

export class Receipts {
  constructor() {
    this.position = 0;
    this.epoch = "";
    this.owed = false; // something was drawn, or a new conversation began
    this.figures = false; // frames were drawn since
    this.pause_ms = EVERY_MS;
    this.sent_at = -Infinity;
    this.sent = 0;
    /** @type {[number, number][]} ranges of positions that were committed and never visible */
    this.unseen = [];
  }

  /** This event was replaced by later ones before the frame that would have shown it. @param {number} position */
  replaced(position) {
    if (position === 0) return;
    const last = this.unseen.at(-1);
    if (last !== undefined && position === last[1] + 1) last[1] = position;
    else this.unseen.push([position, position]);
    if (this.unseen.length > MOST_UNSEEN) this.unseen.shift();
  }

  /** All critical events up to here are in the page. @param {string} epoch @param {number} position */
  drawn(epoch, position) {
    if (epoch === this.epoch && position === this.position) return;
    this.epoch = epoch;
    this.position = position;
    this.owed = true;
  }

  /** A conversation began: its gateway may know nothing of us. @param {number} pause_ms what it asks for at least */
  greeted(pause_ms) {
    this.pause_ms = Math.max(EVERY_MS, pause_ms);
    this.owed = true;
  }

  /** The page was shown or hidden: the gateway does not wait for a hidden page. */
  turned() {
    this.owed = this.epoch !== "";
  }

  /** A frame was committed, whatever it held. */
  framed() {
    this.figures = true;
  }

  /** @returns {number} when the next one is due; Infinity for none */
  due() {
    if (this.owed) return this.sent_at + this.pause_ms;
    return this.figures ? this.sent_at + FIGURES_MS : Infinity;
  }

  /**
   * @param {number} now
   * @param {string} epoch of the conversation; a position of another one means nothing to it
   * @param {() => {fps: number | null, p50: number | null, p95: number | null, queue: number, dropped: number, warnings?: string[], quality?: number, slowest?: string}} figures
   * @returns {Record<string, unknown> | null}
   */
  take(now, epoch, figures) {
    if (now < this.due() || epoch !== this.epoch) return null;
    this.owed = false;
    this.figures = false;
    this.sent_at = now;
    this.sent += 1;
    const { fps, p50, p95, queue, dropped, warnings = [], quality = 0, slowest = "" } = figures();
    /** @type {Record<string, unknown>} */
    const receipt = { t: "receipt", position: this.position, queue, dropped };
    if (fps !== null) receipt.fps = rounded(fps);
    if (this.unseen.length > 0) receipt.unseen = this.unseen.splice(0);
    if (warnings.length > 0) receipt.warnings = warnings;
    if (quality > 0) Object.assign(receipt, { quality, slowest });
    if (p50 !== null) receipt.latency_p50_ms = rounded(p50);
    if (p95 !== null) receipt.latency_p95_ms = rounded(p95);
    return receipt;
  }
}

/** @param {number} value one decimal: the clock behind it is no better */
function rounded(value) {
  return Math.max(0, Math.round(value * 10) / 10);
}

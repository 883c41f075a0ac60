// @ts-check
// The only requestAnimationFrame loop. It runs only while an event is pending or an element moves. With the flag
// js_scheduler_v2 off, what arrives is also drawn at once, once per event.

import { Recent } from "./stats.mjs";

const AWAY_MS = 1_000; // a frame this late was not slow: the page was hidden

export class Scheduler {
  /**
   * @param {object} options
   * @param {(now: number) => number} options.draw draws one frame; returns when it needs the next one, Infinity for never
   * @param {() => number} options.now
   * @param {(run: (t: number) => void) => void} [options.raf]
   * @param {(run: () => void, ms: number) => any} [options.setTimer]
   * @param {(timer: any) => void} [options.clearTimer]
   */
  constructor({ draw, now, raf, setTimer, clearTimer }) {
    this.draw = draw;
    this.now = now;
    this.raf = raf ?? ((run) => requestAnimationFrame(run));
    this.setTimer = setTimer ?? ((run, ms) => setTimeout(run, ms));
    this.clearTimer = clearTimer ?? ((timer) => clearTimeout(timer));
    this.paced = true; // the flag js_scheduler_v2
    this.pending = false;
    this.frames = 0;
    /** @type {any} */
    this.timer = null;
    this.wake_at = Infinity;
    this.last_t = -Infinity;
    this.flowing = false; // the last frame asked for this one, so that the time between them is the screen's
    /** @type {number | null} of the frame that is drawn now, if it followed on another */
    this.interval = null;
    /** Milliseconds between frames that followed on each other. */
    this.intervals = new Recent(120);
  }

  /** Ask for a frame; asking twice is asking once. */
  request() {
    if (this.pending) return;
    this.pending = true;
    this.raf((t) => this.run(t));
  }

  /** Draw now, between two frames of the screen. A pending frame follows anyway; it knows when the next one is due. */
  drawNow() {
    this.frames += 1;
    this.interval = null;
    const wake = this.draw(this.now());
    if (this.pending) return;
    if (wake <= this.now()) this.request();
    else this.sleepUntil(wake);
  }

  /** @param {number} t when the browser began the frame */
  run(t) {
    this.pending = false;
    this.frames += 1;
    const interval = t - this.last_t;
    this.interval = this.flowing && interval < AWAY_MS ? interval : null;
    if (this.interval !== null) this.intervals.push(this.interval);
    this.last_t = t;
    const wake = this.draw(this.now());
    this.flowing = wake <= this.now();
    if (this.flowing) this.request();
    else this.sleepUntil(wake);
  }

  /** @param {number} at */
  sleepUntil(at) {
    if (at === this.wake_at && this.timer !== null) return;
    if (this.timer !== null) this.clearTimer(this.timer);
    this.wake_at = at;
    this.timer = null;
    if (at === Infinity) return;
    this.timer = this.setTimer(
      () => {
        this.timer = null;
        this.request();
      },
      Math.max(0, at - this.now()),
    );
  }

  /** @returns {number | null} frames per second while frames flow; null when none ever did */
  fps() {
    const mean = this.intervals.mean();
    return mean === null || mean <= 0 ? null : 1000 / mean;
  }
}

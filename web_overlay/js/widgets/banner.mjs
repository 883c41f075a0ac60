// @ts-check
// One announcement at a time. The more announcements wait, the shorter each is shown. Late ones
// are not queued: only the newest is shown, briefly and without movement, with the number of earlier ones.

import { clean } from "../core/clean.mjs";
import { isTest } from "../core/leftovers.mjs";
import { SECOND } from "../core/ranks.mjs";
import { el, icon, reveal, text, waiting, wire } from "./dom.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */
/** @typedef {import("../core/types.mjs").Moment} Moment */
/** @typedef {import("./notices.mjs").Notice} Notice */

const [GLANCE_MS, LATE_MS] = [1_200, 2_500]; // long enough to read six words; of a late one
const LONG = 22; // characters of a title in one line at its full size; beyond it is smaller and takes two
const LETTERS = 150; // of one text: more than its lines hold
const WAITING = 32; // beyond it the oldest is only counted: "+1 more"

export class Banner {
  /**
   * @param {import("./dom.mjs").Stage} stage
   * @param {HTMLElement} root
   * @param {{name: string, describe(event: Event): Notice | null, edge: "top" | "left"}} what null for what needs no announcement;
   *   `edge` is where its panel opens from
   */
  constructor(stage, root, { name, describe, edge }) {
    this.name = name;
    this.ranks = stage.ranks;
    this.describe = describe;
    this.view = stage.view;
    this.texts = stage.texts;
    /** @type {Notice[]} */
    this.waiting = [];
    /** @type {Notice | null} */
    this.shown = null;
    this.shown_at = 0;
    this.isLate = false;
    /** @type {Notice | null} */
    this.late = null;
    this.skipped = 0;
    this.passed = 0;
    this.icon = icon("bn-icon");
    this.eyebrow = text();
    this.title = text();
    this.detail = text();
    this.more = text();
    this.detailBox = el("div", "bn-detail", this.detail);
    const title = el("div", "bn-title", this.title);
    title.dir = this.detailBox.dir = "auto";
    const eyebrow = el("div", "bn-eyebrow", el("span", "label", this.eyebrow), el("span", "bn-more", this.more));
    const words = el("div", "bn-words", eyebrow, title, this.detailBox);
    const line = wire("flat");
    this.box = el("div", "slab bn gone", el("div", "bn-badge", this.icon.svg), words, line);
    root.append(this.box);
    this.entrance = reveal(stage, this.box, line, edge);
    // The wire tells how long the banner still holds, so that a queue never surprises.
    const frames = stage.still ? [{ opacity: 1 }, { opacity: 0.2 }] : [{ transform: "none" }, { transform: "scaleX(0)" }];
    this.time = waiting(line, frames, { duration: 1_000, fill: "forwards" });
    this.paced = 0;
  }

  /** @param {Event} event @param {Moment} moment */
  updateAction(event, { late }) {
    const notice = this.describe(event);
    if (notice === null) return;
    notice.test = isTest(event);
    if (late) {
      if (this.late !== null) this.skipped += 1;
      this.late = notice;
      return;
    }
    if (notice.key !== undefined) {
      this.waiting = this.waiting.filter((other) => other.key !== notice.key);
      if (this.shown?.key === notice.key) this.shown_at = -Infinity;
    }
    this.waiting.push(notice);
    if (this.waiting.length <= WAITING) return;
    this.waiting.shift();
    this.skipped += 1;
  }

  endTests() {
    this.waiting = this.waiting.filter(({ test }) => !test);
    if (this.shown?.test) this.shown_at = -Infinity;
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    if (this.shown !== null && now >= this.ends()) {
      this.shown = null;
      this.ranks.leave(this.name);
    }
    if (this.shown === null) this.next(now);
    this.view.toggle(this.box, "gone", this.shown === null);
    if (this.shown === null) return Infinity;
    const ends = this.ends();
    if (ends !== this.paced) {
      this.paced = ends;
      this.view.pace(this.time, (now - this.shown_at) / Math.max(1, ends - this.shown_at), ends - this.shown_at);
      this.count();
    }
    return ends;
  }

  /** When what is shown has been shown long enough. */
  ends() {
    if (this.isLate) return this.waiting.length > 0 ? this.shown_at : this.shown_at + LATE_MS;
    const hold = /** @type {Notice} */ (this.shown).hold_ms;
    return this.shown_at + Math.max(Math.min(GLANCE_MS, hold), hold / (1 + this.waiting.length));
  }

  /** @param {number} now */
  next(now) {
    const notice = this.waiting.at(0) ?? this.late;
    if (notice === null || !this.ranks.take(this.name, notice.rank ?? SECOND)) return;
    this.waiting.shift();
    this.isLate = notice === this.late;
    if (this.isLate) this.late = null;
    else this.view.enter(...this.entrance);
    this.shown = notice;
    this.shown_at = now;
    this.write(notice);
    this.skipped = 0;
  }

  /** @param {Notice} notice */
  write(notice) {
    const { view } = this;
    view.attribute(this.icon.path, "d", notice.icon);
    view.attribute(this.box, "data-tone", notice.tone);
    view.text(this.eyebrow, notice.eyebrow);
    view.text(this.title, clean(notice.title, LETTERS));
    view.text(this.detail, clean(notice.detail, LETTERS));
    view.toggle(this.detailBox, "off", notice.detail === "");
    view.toggle(this.box, "long", notice.title.length > LONG);
    this.passed = this.skipped;
    this.paced = 0;
  }

  /** What is not shown: passed over, or still waiting. */
  count() {
    const count = this.passed || this.waiting.length;
    const words = this.isLate && this.passed > 0 ? "notice.earlier" : "more";
    this.view.text(this.more, count > 0 ? this.texts.text(words, { count }) : "");
  }
}

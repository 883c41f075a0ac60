// @ts-check
// Kills, deaths, headshots, revives, the newest at the bottom; with an anchor at the bottom rows grow upwards. Rows leave
// first; then the others move, so that only one movement is visible at a time. Rows jump only in a flood.

import { lineOf } from "./killline.mjs";
import { Row } from "./killrow.mjs";
import { pairOf } from "./player.mjs";

/** @typedef {import("./killline.mjs").Killing | import("../core/events.js").EventOf<"assist">} Event */
/** @typedef {import("./killline.mjs").Line} Line */

const [SHOWN_MS, LATE_SHOWN_MS] = [7_000, 3_000]; // two glances; CS and Battlefield keep theirs 5 to 8 s
const [SAME_MS, RANKS_MS] = [1_500, 100]; // a headshot or an assist belongs to a kill this young; from the exit of a row to the movement of others
const [APART_MS, FLOOD_MS] = [100, 500]; // rows closer together, and all rows when one is replaced sooner, move at once: a flood must not flicker

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "killfeed",
  title: "Killfeed",
  types: ["kill", "death", "headshot", "revive", "revive_taken", "assist"],
  box: { x: 1264, y: 292, width: 560, height: 308, anchor: "top-right" },
  upright: { x: 466, y: 400, width: 560, height: 312, anchor: "top-right" },
  samples: ["kill", "headshot", "kill", "death"],
  load: (stage, root) => new Killfeed(stage, root),
};

class Killfeed {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.mine = stage.options.player;
    this.max = this.fits = stage.options.kills;
    this.share = 1;
    this.entered_at = -Infinity;
    this.close_at = Infinity;
    this.changed = this.upwards = false;
    this.fresh = /** @type {Line[]} */ ([]); // what came since the last frame
    this.rows = /** @type {Row[]} */ ([]); // oldest first
    this.pool = Array.from({ length: this.max * 2 }, () => new Row(stage)); // unused or fading, the next to be used first
    root.append(...this.pool.map((row) => row.node));
  }

  /** @param {Event} event @param {import("../core/types.mjs").Moment} moment */
  updateAction(event, { now, late }) {
    this.changed = true;
    if (event.type === "assist") return this.credit(event.payload, now);
    if (event.type === "headshot" && this.promote(event.payload, now)) return;
    if (event.type === "death" && this.isTold(event.payload, now)) return;
    this.fresh.push({ ...lineOf(event, this.mine), at: now, late, position: event.position });
    if (this.fresh.length > this.max) this.stage.replaced(this.fresh.shift()?.position ?? 0);
  }

  endTests() {
    this.fresh = this.fresh.filter(({ test }) => !test);
    for (const row of this.rows.filter(({ line }) => line?.test)) this.replace(row);
    this.changed = true;
  }

  /** As many rows as fit, never half a row. @param {import("../core/types.mjs").Size} size @param {string} anchor */
  resize({ height }, anchor) {
    this.upwards = anchor.startsWith("bottom");
    const { row_px, gap_px } = this.stage.look;
    this.fits = Math.max(1, Math.min(this.stage.options.kills, Math.floor((height + gap_px) / (row_px + gap_px))));
    this.cap(this.share);
  }

  /** @param {number} share */
  cap(share) {
    this.share = share;
    this.max = Math.ceil(this.fits * share);
    this.changed = true;
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    for (const row of this.rows.filter((row) => row.until <= now)) {
      this.retire(row);
      this.close_at = Math.min(this.close_at, now + RANKS_MS);
    }
    if (now >= this.close_at) this.closeRanks();
    if (this.changed) this.settle(now);
    return this.rows.reduce((wake, row) => Math.min(wake, row.until), this.close_at);
  }

  closeRanks() {
    this.close_at = Infinity;
    this.changed = true;
  }

  /** @param {number} now */
  settle(now) {
    const flood = this.rows.length + this.fresh.length > this.max && now - (this.rows[0]?.line?.at ?? 0) < FLOOD_MS;
    this.fresh.forEach((line, at) => {
      if (this.rows.length >= this.max) this.replace(this.rows[0]);
      if (this.nextSlot() >= this.max) this.closeRanks();
      const row = /** @type {Row} */ (this.pool.shift());
      const moving = !line.late && !flood && now - this.entered_at >= APART_MS;
      if (moving) this.entered_at = now;
      const slot = this.upwards ? this.fresh.length - 1 - at : this.nextSlot();
      row.enter(line, slot, now + (line.late ? LATE_SHOWN_MS : SHOWN_MS), moving);
      this.rows.push(row);
    });
    this.fresh.length = 0;
    while (this.rows.length > this.max) this.replace(this.rows[0]);
    this.rows.forEach((row, at) => row.settle(this.upwards ? this.rows.length - 1 - at : this.close_at < Infinity ? row.slot : at, this.upwards, flood));
    this.changed = false;
  }

  /** Below the last row, whose slot is kept until ranks are closed. */
  nextSlot() {
    return this.close_at === Infinity ? this.rows.length : (this.rows.at(-1)?.slot ?? -1) + 1;
  }

  /** Its time is over: it fades, and is used again after all others. @param {Row} row */
  retire(row) {
    this.pool.push(...this.rows.splice(this.rows.indexOf(row), 1));
    row.fade();
  }

  /** A newer one needs its place, and uses the same row: shown again in this frame, it is not styled anew. @param {Row} row */
  replace(row) {
    this.pool.unshift(...this.rows.splice(this.rows.indexOf(row), 1));
    row.hide();
  }

  /** A kill's headshot told apart: mark the kill. @param {import("../core/events.js").Headshot} payload @param {number} now @returns {boolean} */
  promote(payload, now) {
    const line = this.recent((line) => line.key === pairOf(payload.attacker, payload.victim), now);
    if (!line?.flags.includes("head")) line?.flags.push("head");
    return line !== undefined;
  }

  /** A source may tell the streamer's death beside the kill. @param {import("../core/events.js").Death} payload @param {number} now @returns {boolean} */
  isTold({ victim }, now) {
    return this.recent(({ kind, key }) => kind === "kill" && key.endsWith(`\n${victim.id}`), now) !== undefined;
  }

  /** @param {import("../core/events.js").Assist} payload @param {number} now */
  credit(payload, now) {
    const { victim = null } = payload;
    const line = this.recent(({ key, with: helper }) => victim !== null && helper === "" && key.endsWith(`\n${victim.id}`), now);
    if (line !== undefined) line.with = payload.player.name;
    if (payload.kind === "flash") line?.flags.push("flash");
  }

  /** The newest that fits. @param {(line: Line) => boolean} fits @param {number} now @returns {Line | undefined} */
  recent(fits, now) {
    return [...this.rows.map((row) => row.line), ...this.fresh].reverse().find((line) => line !== null && now - line.at < SAME_MS && fits(line)) ?? undefined;
  }
}

// @ts-check
// What outlives a reload of the queue of alerts: the one that is shown, those that wait, the last one (for "replay"), and the
// position of the last event that was taken, so that an event that comes again is not shown twice. Pure.

import { TYPES } from "./occasions.mjs";

/** @typedef {import("./occasions.mjs").Alert} Alert */
/** @typedef {import("./occasions.mjs").Rule} Rule */

export const MOST = 200_000; // characters of JSON (at most 400 KB): about 400 alerts with a message. Paid ones are kept first
export const FRESH_MS = 600_000; // what was kept for longer is late
export const OUTDATED = new Set(["shoutout", "stream"]); // not shown when they are late
const VERSION = 1; // of the form below
const LONGEST_MS = 60_000; // a rule allows no more

export class Backlog {
  /** @param {import("./alerts.mjs").AlertQueue} queue @param {boolean} again whether events that were taken before are shown again (`replay:N`) */
  constructor(queue, again) {
    this.queue = queue;
    this.again = again;
    this.epoch = "";
    this.position = 0;
    /** Of the last event before the reload. After it no event comes twice, and those of a new log begin at lower positions. */
    this.before = { epoch: "", position: 0 };
  }

  /** Fill the queue from what was kept; what is not of its form is left out. @param {any} kept @param {number} now ms since 1970 */
  restore(kept, now) {
    if (kept?.version !== VERSION || !Array.isArray(kept.alerts)) return;
    const late = !(now - kept.at < FRESH_MS);
    for (const each of kept.alerts) {
      const alert = alertFrom(each);
      if (alert === null || (late && OUTDATED.has(alert.kind))) continue;
      alert.late ||= late;
      this.queue.waiting.push(alert);
    }
    this.queue.last = alertFrom(kept.last);
    if (typeof kept.epoch === "string" && Number.isSafeInteger(kept.position)) Object.assign(this, { epoch: kept.epoch, position: kept.position });
    this.before = { epoch: this.epoch, position: this.position };
    if (!this.again && areTexts(kept.groups)) this.queue.groups = kept.groups;
  }

  /** Was the event taken before the reload? @param {number} position @param {string} epoch */
  isPast(position, epoch) {
    return position > 0 && epoch === this.before.epoch && position <= this.before.position;
  }

  /** An alert of an event: is it in the queue already, or over? @param {Alert} alert @param {string} epoch */
  has(alert, epoch) {
    return this.isPast(alert.first, epoch) && (!this.again || this.queue.holds(alert));
  }

  /** The event was taken. @param {number} position 0 for one that is not in the log @param {string} epoch */
  took(position, epoch) {
    if (position === 0 || this.isPast(position, epoch)) return;
    this.epoch = epoch;
    this.position = position;
  }

  /** @param {number} now ms since 1970 */
  keep(now) {
    const { shown, waiting, groups } = this.queue;
    const last = this.queue.last?.test ? null : this.queue.last;
    const all = (shown === null ? waiting : [shown, ...waiting]).filter(({ test }) => !test); // they may have ended before the next load
    let room = MOST - JSON.stringify([last, groups]).length;
    const kept = new Set();
    for (const alert of [...all].sort((one, other) => Number(other.paid) - Number(one.paid))) {
      room -= JSON.stringify(alert).length + 1;
      if (room < 0) break;
      kept.add(alert);
    }
    const { epoch, position } = this;
    return { version: VERSION, at: now, epoch, position, alerts: all.filter((alert) => kept.has(alert)), last, groups };
  }
}

/** @param {any} value @returns {value is string} */
const isText = (value) => typeof value === "string";

/** @param {any} value @returns {value is string[]} */
const areTexts = (value) => Array.isArray(value) && value.every(isText);

/** An alert that was kept, or null: another version of the page may have kept another form. @param {any} value @returns {Alert | null} */
function alertFrom(value) {
  if (value === null || typeof value !== "object") return null;
  const { kind, names, count, amount, currency, message, title, tier, giver, recipients, word, group, hold_ms, rule, first, last } = value;
  const { paid, whole, late, replay } = value;
  const fits =
    TYPES.includes(kind) &&
    areTexts(names) &&
    names.length > 0 &&
    areTexts(recipients) &&
    [currency, message, title, tier, giver, word, group].every(isText) &&
    [count, amount, first, last].every(Number.isFinite) &&
    [paid, whole, late, replay].every((flag) => typeof flag === "boolean") &&
    hold_ms > 0 &&
    hold_ms <= LONGEST_MS &&
    (rule === null || isRule(rule));
  if (!fits) return null;
  const words = { currency, message, title, tier, giver, recipients, word, group };
  return { kind, paid, names, count, amount, ...words, whole, hold_ms, rule, late, test: false, replay, changed: false, first, last };
}

/** @param {any} rule @returns {rule is Rule} */
function isRule(rule) {
  if (typeof rule !== "object") return false;
  const { type, from, text, image, video, sound, duration_ms, volume, currency = "" } = rule;
  return [type, text, image, video, sound, currency].every(isText) && [from, duration_ms].every(Number.isFinite) && volume >= 0 && volume <= 1;
}

// @ts-check
// The queue of social alerts: one at a time, each for its full duration. A paid alert is shown before free ones that
// wait, so that a hundred redemptions do not delay a tip; equals are shown in the order of arrival.
//
// Only `clear` and `end_test` of the operator drop alerts; over a reload, backlog.mjs keeps them. An alert above the bounds is merged into another. Follows merge when
// some wait ("Ada, Bo and 12 others"); beyond the bounds below every kind does. The parts of one gift (equal `group`)
// are one alert, in any order of arrival.

/** @typedef {import("./occasions.mjs").Alert} Alert */

export const MERGE_FROM = 3; // alerts that wait before follows are merged
export const FREE = 100; // waiting alerts that were free; then each kind is merged into one
export const PAID = 1_000; // the same for paid ones: more than two hours of showing
const GAP_MS = 350; // between the exit of an alert and the next one
const GROUPS = 64; // gifts that are over, whose late parts are not announced again
const RECIPIENTS = 100;

export class AlertQueue {
  /** @param {(alert: Alert) => boolean} may whether this alert may be shown now; otherwise the queue waits */
  constructor(may = () => true) {
    this.may = may;
    /** @type {Alert[]} */
    this.waiting = [];
    /** @type {Alert | null} */
    this.shown = null;
    /** @type {Alert | null} */
    this.last = null;
    this.since = 0;
    this.until = 0;
    this.free_at = 0;
    this.paused = false;
    this.muted = false;
    /** @type {string[]} */
    this.groups = [];
    this.counters = { received: 0, started: 0, merged: 0, cleared: 0 };
  }

  /** @param {Alert} alert */
  push(alert) {
    this.counters.received += 1;
    const into = alert.group === "" ? this.together(alert) : this.sameGroup(alert.group);
    if (into !== undefined) {
      this.counters.merged += 1;
      const covers = { first: Math.min(into.first, alert.first), last: Math.max(into.last, alert.last) };
      if (alert.group === "") merge(into, alert);
      else absorb(into, alert);
      Object.assign(into, { changed: true, ...covers });
    } else if (this.groups.includes(alert.group)) this.counters.merged += 1;
    else this.insert(alert);
  }

  /** @param {Alert} alert */
  insert(alert) {
    const free = alert.paid ? this.waiting.findIndex((other) => !other.paid && !other.replay) : -1;
    this.waiting.splice(free === -1 ? this.waiting.length : free, 0, alert);
  }

  /** The waiting alert that this one becomes a part of, if it should. @param {Alert} alert @returns {Alert | undefined} */
  together(alert) {
    const alike = () =>
      this.waiting.filter((other) => other.kind === alert.kind && other.test === alert.test && other.group === "" && !other.replay).at(-1);
    if (alert.kind === "follow" && this.waiting.length >= MERGE_FROM) return alike();
    const equal = this.waiting.filter((other) => other.paid === alert.paid).length;
    return equal >= (alert.paid ? PAID : FREE) ? alike() : undefined;
  }

  /** @param {string} group @returns {Alert | undefined} */
  sameGroup(group) {
    return this.shown?.group === group ? this.shown : this.waiting.find((other) => other.group === group);
  }

  /** Will an event of this kind still be announced? @param {string} kind @param {number} position @returns {boolean} */
  waits(kind, position) {
    return this.waiting.some((one) => one.kind === kind && !one.replay && one.first <= position && position <= one.last);
  }

  /** Is this alert of an event shown, or does it wait, alone or merged into another? @param {Alert} alert @returns {boolean} */
  holds({ kind, group, first }) {
    const all = this.shown === null ? this.waiting : [this.shown, ...this.waiting];
    return all.some((one) => one.kind === kind && one.group === group && one.first <= first && first <= one.last);
  }

  /** @param {string} action @param {number} now */
  command(action, now) {
    if (action === "pause" || action === "resume") this.paused = action === "pause";
    else if (action === "mute" || action === "unmute") this.muted = action === "mute";
    else if (action === "skip") this.until = Math.min(this.until, now);
    else if (action === "replay") {
      const again = this.shown === null ? this.last : this.shown;
      if (again !== null) this.waiting.unshift({ ...again, replay: true });
    } else if (action === "clear") {
      this.counters.cleared += this.waiting.length;
      this.waiting.length = 0;
      this.until = Math.min(this.until, now);
    }
  }

  /** Drop the alerts of tests. @param {number} now */
  endTests(now) {
    this.counters.cleared += this.waiting.filter(({ test }) => test).length;
    this.waiting = this.waiting.filter(({ test }) => !test);
    if (this.last?.test) this.last = null;
    if (this.shown?.test) Object.assign(this, { shown: null, free_at: now + GAP_MS }); // nor is it the last one, for `replay`
  }

  /** Go on. @param {number} now @returns {boolean} whether another alert is shown than before */
  tick(now) {
    let changed = false;
    if (this.shown !== null && now >= this.until) {
      changed = true;
      this.last = this.shown;
      this.shown = null;
      this.free_at = now + GAP_MS;
      if (this.last.group !== "") this.groups = [...this.groups, this.last.group].slice(-GROUPS);
    }
    if (this.shown !== null || this.paused || this.waiting.length === 0 || now < this.free_at) return changed;
    const next = this.waiting[0];
    if (!this.may(next)) return changed;
    this.waiting.shift();
    this.counters.started += 1;
    this.shown = next;
    this.since = now;
    this.until = now + next.hold_ms;
    return true;
  }

  /** @param {number} now @returns {number} when `tick` has something to do: a time, or Infinity */
  wake(now) {
    if (this.shown !== null) return this.until;
    return this.waiting.length > 0 && !this.paused && this.free_at > now ? this.free_at : Infinity;
  }
}

/** One alert of what several users did. @param {Alert} into @param {Alert} alert */
function merge(into, alert) {
  if (into.names.length < 2) into.names.push(...alert.names.slice(0, 2 - into.names.length));
  into.count += alert.count;
  into.amount += alert.amount;
  if (into.currency !== alert.currency) into.currency = "";
  into.message = "";
  into.hold_ms = Math.max(into.hold_ms, alert.hold_ms);
}

/** A gift and the subscriptions that it is made of. @param {Alert} into @param {Alert} alert */
function absorb(into, alert) {
  const recipients = [...new Set([...into.recipients, ...alert.recipients])].slice(0, RECIPIENTS);
  if (alert.whole) Object.assign(into, { ...alert, changed: true });
  else if (!into.whole) into.amount += alert.amount;
  into.recipients = recipients;
}

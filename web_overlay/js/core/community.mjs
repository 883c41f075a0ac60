// @ts-check
// The state of labels, goals and the ticker: the latest of each kind, a count towards a target, the last few events.

import { alertOf } from "./occasions.mjs";
import { valueOf } from "./wording.mjs";

/** @typedef {import("./occasions.mjs").Alert} Alert */
/** @typedef {import("./text.mjs").Texts} Texts */
/** `rehearsed`: of a person of a test or of the demo.
 * @typedef {{kind: string, name: string, amount: string, title: string, rehearsed?: boolean}} Fact in words, so that it can be kept over a reload */

export const KINDS = /** @type {const} */ (["follow", "subscription", "gift", "tip", "cheer", "raid"]);

const REHEARSALS = new Set(["test", "demo"]); // sources
const HELD = 16; // facts of one kind; an older one is dropped, as a newer one replaces it in the end

/** Is it of a test or of the demo? @param {{source: string}} event */
export const isRehearsed = ({ source }) => REHEARSALS.has(source);

/**
 * @param {{type: string, payload: any, source: string}} event
 * @param {Texts} texts
 * @returns {Fact | null} null for a part of a gift, which is told by the gift
 */
export function factOf(event, texts) {
  if (event.type === "subscription" && event.payload.group) return null;
  const alert = alertOf(event, [], false);
  const unit = alert.kind === "tip" ? "" : texts.text(`${alert.kind}.unit`, { amount: alert.amount });
  const amount = [valueOf(alert, texts), alert.amount > 0 ? unit : ""].filter(Boolean).join(" ");
  return { kind: alert.kind, name: alert.names[0] || texts.text("anonymous"), amount, title: alert.title, rehearsed: isRehearsed(event) };
}

/** What was kept, if it is what it should be. @param {any} kept @returns {Fact[]} */
export function keptFacts(kept) {
  if (!Array.isArray(kept)) return [];
  return kept.filter(
    (fact) =>
      fact !== null &&
      KINDS.includes(fact.kind) &&
      [fact.name, fact.amount, fact.title].every((text) => typeof text === "string" && text.length <= 600),
  );
}

/** Facts whose alert has not begun: a label that named the person before would spoil it. */
export class Held {
  /** @param {(kind: string, position: number) => boolean} waits whether the alert for it has not begun */
  constructor(waits) {
    this.waits = waits;
    /** @type {{fact: Fact, position: number}[]} the oldest first */
    this.held = [];
  }

  /** @param {Fact} fact @param {number} position */
  push(fact, position) {
    this.held.push({ fact, position });
    const alike = this.held.filter((one) => one.fact.kind === fact.kind);
    if (alike.length > HELD) this.held.splice(this.held.indexOf(alike[0]), 1);
  }

  /** Drop those of tests and of the demo. */
  endTests() {
    this.held = this.held.filter(({ fact }) => !fact.rehearsed);
  }

  /** @returns {Fact[]} those that may be told now, the oldest first */
  take() {
    if (this.held.length === 0) return [];
    const kinds = new Set(); // alerts of a kind begin in the order of their events
    const still = this.held.filter(({ fact: { kind }, position }) => {
      if (!kinds.has(kind) && !this.waits(kind, position)) return false;
      kinds.add(kind);
      return true;
    });
    const told = this.held.filter((one) => !still.includes(one)).map(({ fact }) => fact);
    this.held = still;
    return told;
  }
}

/** How much an event adds to a goal of this kind. @param {string} kind @param {{type: string, payload: any}} event */
export function stepOf(kind, { type, payload }) {
  if (kind === "subscription") {
    if (type === "gift") return payload.count;
    return type === "subscription" && !payload.group ? 1 : 0;
  }
  if (type !== kind) return 0;
  if (kind === "cheer") return payload.bits;
  return kind === "tip" ? Number(payload.amount ?? "") || 0 : 1;
}

/** A count that goes on over a reload: an event that was counted before is not counted again, one of a test or of the demo never. */
export class Count {
  /** @param {string} kind @param {number} start @param {any} kept */
  constructor(kind, start, kept) {
    this.kind = kind;
    const fits = kept?.kind === kind && kept.start === start && Number.isFinite(kept.added) && kept.position >= 0;
    this.start = start;
    this.added = fits ? kept.added : 0;
    this.position = fits ? kept.position : 0;
  }

  /** @param {{type: string, payload: any, source: string, position: number}} event @param {boolean} late @returns {boolean} whether it counts */
  add(event, late) {
    const step = isRehearsed(event) ? 0 : stepOf(this.kind, event);
    const again = late && event.position > 0 && event.position <= this.position;
    if (step === 0 || again) return false;
    this.added += step;
    this.position = event.position;
    return true;
  }

  get current() {
    return this.start + this.added;
  }

  keep() {
    const { kind, start, added, position } = this;
    return { kind, start, added, position };
  }
}

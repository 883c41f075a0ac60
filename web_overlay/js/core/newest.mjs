// @ts-check
// The latest fact of each kind. Pure. One of a test or of the demo covers the real one for a time, and then leaves it.

/** @typedef {import("./community.mjs").Fact} Fact */

const REHEARSED_MS = 30_000;

export class Newest {
  /** @param {Fact[]} kept */
  constructor(kept) {
    /** The newest first. @type {{fact: Fact, until: number}[]} */
    this.all = kept.map((fact) => ({ fact, until: Infinity }));
  }

  /** @param {Fact} fact @param {number} now ms */
  add(fact, now) {
    const until = fact.rehearsed ? now + REHEARSED_MS : Infinity;
    this.all = [{ fact, until }, ...this.all.filter((one) => one.fact.kind !== fact.kind || one.until > until)];
  }

  /** Those of tests and of the demo have had their time. */
  endTests() {
    for (const one of this.all) if (one.fact.rehearsed) one.until = -Infinity;
  }

  /** @param {number} now ms @returns {boolean} whether something was removed */
  expire(now) {
    const before = this.all.length;
    this.all = this.all.filter(({ until }) => until > now);
    return this.all.length < before;
  }

  /** When the next one is removed, in ms; Infinity for never. */
  get due() {
    return Math.min(...this.all.map(({ until }) => until), Infinity);
  }

  /** @returns {Fact[]} one of each kind, the newest first */
  shown() {
    const facts = this.all.map(({ fact }) => fact);
    return facts.filter(({ kind }, at) => facts.findIndex((one) => one.kind === kind) === at);
  }
}

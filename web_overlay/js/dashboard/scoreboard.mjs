// @ts-check
// The score that overlays show, whatever its source, and its changes by the operator.
//
// A change applies to the score as it is when the change is sent, and the next one waits until the changed score has come
// back. So two quick presses of +1 are two points, and this page shows what every other page shows.

import { Match } from "../core/match.mjs";
import { BEGIN, opposed, reportOf } from "../core/scoring.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */
/** @typedef {import("../core/scoring.mjs").Standing} Standing */
/** @typedef {import("../core/scoring.mjs").Change} Change */

export const SOURCE = "dashboard";
const BACK_MS = 1_000; // a score that another one replaced in the queue does not come back
const MOST_WAITING = 8; // presses of a key that is held
const ACCEPTED = { field: "", words: "" };

export class Scoreboard {
  /**
   * @param {object} options
   * @param {(args: Record<string, unknown>) => Promise<boolean>} options.emit sends an event; false: it was refused
   * @param {() => number} options.server the server's clock, ms since 1970
   * @param {() => void} options.changed
   */
  constructor({ emit, server, changed }) {
    this.emit = emit;
    this.server = server;
    this.changed = changed;
    this.match = new Match();
    /** What is prepared, or was cleared. @type {Standing} */
    this.kept = BEGIN;
    /** Files that can be logos. @type {string[]} */
    this.logos = [];
    /** The folder of these files, "" while it is not known. */
    this.folder = "";
    this.refusal = ACCEPTED;
    this.heard = 0;
    this.back = () => {};
    this.waiting = 0;
    this.last = Promise.resolve();
  }

  /** @param {Event[]} events */
  see(events) {
    for (const event of events) {
      if (event.type !== "score") continue;
      const { source } = this.match;
      const before = this.match.standing();
      this.match.add(/** @type {any} */ (event));
      // What an operator entered is kept when it is cleared, so that it can be shown again.
      if (source === SOURCE && before.teams.length > 0 && !this.shown) this.kept = opposed(before);
      this.heard += 1;
      this.back();
    }
  }

  /** Do overlays show a score? */
  get shown() {
    return this.match.points().size > 0;
  }

  /** @returns {Standing} */
  get now() {
    return this.shown ? opposed(this.match.standing()) : this.kept;
  }

  /** @param {any} files the answer of /api/media; without one those of the last one stay */
  offer(files) {
    if (!Array.isArray(files?.pictures)) return;
    this.logos = files.pictures.map(String);
    this.folder = String(files.folder ?? "");
  }

  /** What was typed is not used; the words stay beside the field until the next change. @param {string} field @param {string} words */
  refuse(field, words) {
    this.refusal = { field, words };
    this.changed();
  }

  /** Change what is shown, or prepare what is not yet. @param {Change} change */
  change(change) {
    this.refusal = ACCEPTED;
    return this.queue(async () => {
      const after = change(this.now, this.server());
      if (this.shown) await this.send(reportOf(after, this.server()));
      else this.kept = after;
    });
  }

  /** Show what is prepared. */
  show() {
    return this.queue(() => this.send(reportOf(this.kept, this.server())));
  }

  clear() {
    return this.queue(() => this.send({ scores: {} }));
  }

  /** @param {() => Promise<void>} work after that before it */
  queue(work) {
    if (this.waiting >= MOST_WAITING) return this.last;
    this.waiting += 1;
    this.last = this.last.then(work).finally(() => {
      this.waiting -= 1;
      this.changed();
    });
    return this.last;
  }

  /** @param {Record<string, unknown>} payload */
  async send(payload) {
    const { heard } = this;
    if (!(await this.emit({ type: "score", source: SOURCE, payload }))) return;
    if (this.heard > heard) return;
    await new Promise((done) => {
      const timer = setTimeout(done, BACK_MS);
      this.back = () => {
        clearTimeout(timer);
        done(undefined);
      };
    });
  }
}

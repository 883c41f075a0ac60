// @ts-check
// The settings of the pipeline and the changes that are being typed. Each change is previewed before it can be applied.

import { textOf, valueOf } from "../core/plan.mjs";
import { ask } from "./api.mjs";
import { rows } from "./format.mjs";

/** @typedef {Record<string, any>} Row of /api/settings */
/** @typedef {import("../core/plan.mjs").Plan} Plan */

const PREVIEW_MS = 300; // after the last key
const RESTART_MS = 2_000; // a gateway that is restarted may close the connection before it answers

const sentence = (/** @type {unknown} */ error) => (error instanceof Error ? error.message : String(error));

export class Settings {
  /** @param {import("./line.mjs").Line} line @param {() => void} changed */
  constructor(line, changed) {
    this.line = line;
    this.changed = changed;
    /** @type {Row[] | null} null: not asked yet */
    this.rows = null;
    this.find = "";
    /** The text of each field that was changed, by key. @type {Map<string, string>} */
    this.edits = new Map();
    /** What the changes would do; null while it is not known. @type {Plan | null} */
    this.plan = null;
    /** What was applied last. @type {Plan | null} */
    this.applied = null;
    this.error = "";
    this.busy = false;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.timer = null;
  }

  async learn() {
    try {
      this.rows = rows((await ask("/api/settings", this.line.token))?.settings);
      for (const [key, text] of this.edits) if (!this.differs(key, text)) this.edits.delete(key);
    } catch (error) {
      if (this.rows === null) this.error = sentence(error); // later, what is known stays, and the next answer replaces it
    }
    if (this.error !== "" && this.edits.size > 0 && !this.busy) void this.preview(); // the connection may be back
    this.changed();
  }

  /** @param {string} key */
  row(key) {
    return this.rows?.find((one) => one.key === key);
  }

  /** @param {string} key @param {string} text */
  differs(key, text) {
    return text !== textOf(this.row(key)?.value);
  }

  /** @param {string} key @param {string} text */
  edit(key, text) {
    if (this.differs(key, text)) this.edits.set(key, text);
    else this.edits.delete(key);
    this.plan = this.applied = null;
    this.error = "";
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.preview(), PREVIEW_MS);
    this.changed();
  }

  discard() {
    this.edits.clear();
    this.plan = null;
    this.error = "";
    this.changed();
  }

  /** @returns {Record<string, unknown>} by key @throws {Error} with the key and what was expected */
  values() {
    return Object.fromEntries(
      [...this.edits].map(([key, text]) => {
        const row = this.row(key);
        try {
          return [key, valueOf(String(row?.kind), text)];
        } catch (error) {
          throw new Error(`${key}: ${sentence(error)}, expected a ${row?.expected || "number"}.`);
        }
      }),
    );
  }

  async preview() {
    const typed = JSON.stringify([...this.edits]);
    if (this.edits.size === 0) return;
    try {
      const { plan } = await this.line.order("settings", { set: this.values() });
      if (typed !== JSON.stringify([...this.edits])) return; // another preview follows
      this.plan = plan;
      this.error = "";
    } catch (error) {
      if (typed === JSON.stringify([...this.edits])) this.error = sentence(error);
    }
    this.changed();
  }

  async apply() {
    const { plan } = this;
    if (plan === null || this.busy) return;
    this.busy = true;
    this.changed();
    try {
      const within_ms = plan.restarted.some((name) => name.startsWith("gateway")) ? RESTART_MS : undefined;
      this.applied = (await this.line.order("settings", { set: this.values(), apply: true }, within_ms)).plan;
      this.error = "";
    } catch (error) {
      this.error = sentence(error);
    }
    await this.learn();
    // Without an answer, the settings themselves tell.
    if (this.error !== "" && this.edits.size === 0) {
      this.applied = plan;
      this.error = "";
    }
    this.plan = null;
    this.busy = false;
    this.changed();
  }
}

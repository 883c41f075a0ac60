// @ts-check
// The log of one process: the last lines, and the new ones while it is followed.

import { ask } from "./api.mjs";
import { rows, word } from "./format.mjs";

const FOLLOW_MS = 1_000;

export class ProcessLog {
  /** @param {string} token @param {() => void} changed */
  constructor(token, changed) {
    this.token = token;
    this.changed = changed;
    this.name = ""; // "" while none is open
    this.follow = true;
    this.opened = false; // since the page was last rendered
    this.error = "";
    /** @type {{level: string, text: string}[] | null} null: not asked yet */
    this.lines = null;
  }

  /** @param {string} name the log that is open closes */
  open(name) {
    this.name = name === this.name ? "" : name;
    this.opened = this.name !== "";
    this.lines = null;
    this.error = "";
    this.changed();
    if (this.name !== "") void this.learn(this.name);
  }

  toggle() {
    this.follow = !this.follow;
    this.changed();
    if (this.follow) void this.learn(this.name);
  }

  /** Ask, and again while it is followed. @param {string} name */
  async learn(name) {
    try {
      const answer = await ask(`/api/log?name=${encodeURIComponent(name)}`, this.token);
      if (name !== this.name) return;
      this.lines = rows(answer?.lines).map(({ level, text }) => ({ level: word(level), text: word(text) }));
      this.error = "";
    } catch (error) {
      if (name !== this.name) return;
      this.error = error instanceof Error ? error.message : String(error);
    }
    this.changed();
    setTimeout(() => void (this.follow && name === this.name && this.learn(name)), FOLLOW_MS);
  }
}

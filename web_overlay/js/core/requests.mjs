// @ts-check
// The conversation of the transports that have no socket: server-sent events and long polling (transports.mjs).

import { BLOCKED } from "./ladder.mjs";

/** @typedef {import("./transports.mjs").Ear} Ear */

export const LOST = 1006;
const LEAVE_MS = 1_000;
const SLOW_MS = 30_000; // a poll is answered within 25 s

/** Tell the gateway that the page is closed. @param {string} origin @param {string} session "" for none */
export function leave(origin, session) {
  if (session !== "") navigator.sendBeacon(`${origin}/say`, JSON.stringify({ session, leaving: true }));
}

/** A conversation of more than one request: the first message begins it, later ones go beside it. */
export class Requests {
  /** @param {string} origin @param {Ear} ear */
  constructor(origin, ear) {
    this.origin = origin;
    this.ear = ear;
    this.session = "";
    this.begun = this.heard = this.over = false;
    this.control = new AbortController();
    /** @type {(hello: Record<string, unknown>) => Promise<void>} */
    this.begin = async () => {};
    this.stop = () => {};
    // The end of a stream does not say whether the page was closed or the connection broke.
    this.leave = () => leave(origin, this.session);
    globalThis.addEventListener?.("pagehide", this.leave);
    queueMicrotask(() => this.over || ear.opened());
  }

  /** @param {Record<string, unknown>} message */
  send(message) {
    const done = this.begun ? this.say(message) : this.begin(message);
    this.begun = true;
    done.catch((error) => this.end(this.heard ? LOST : BLOCKED, String(error)));
  }

  /** @param {Record<string, unknown>} message */
  async say(message) {
    if (this.session !== "") await this.post("/say", { session: this.session, messages: [message] });
  }

  /** @param {string} path @param {unknown} body @returns {Promise<any>} @throws when there is no answer */
  async post(path, body) {
    const timer = setTimeout(() => this.control.abort(), SLOW_MS);
    try {
      const signal = this.control.signal;
      const answer = await fetch(this.origin + path, { method: "POST", body: JSON.stringify(body), signal });
      const read = answer.status === 204 ? {} : await answer.json();
      if (!answer.ok && read.close === undefined) throw new Error(`${path}: ${answer.status} ${read.error ?? ""}`);
      return read;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {() => unknown} read */
  hear(read) {
    this.heard = true;
    if (!this.over) this.ear.received(read);
  }

  /** @param {number} code @param {string} reason */
  end(code, reason) {
    if (this.over) return;
    this.close();
    this.ear.closed(code, reason);
  }

  close() {
    this.over = true;
    // A browser may end the stream of a page before the page is told that it is closed.
    setTimeout(() => globalThis.removeEventListener?.("pagehide", this.leave), LEAVE_MS);
    this.stop();
    this.control.abort();
  }
}

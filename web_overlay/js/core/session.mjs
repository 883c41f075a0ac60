// @ts-check
// Connections, one after the other, without end. Pure: the caller (link.mjs) reports events with their times, carries
// out what `take()` returns, and calls `tick` no later than `deadline()`.
//
//    waiting ──connect──▶ opening ──opened──▶ open (a Talk) ──closed, or silent──▶ waiting (full jitter)
//                                                         └── close code 4500 to 4999 ──▶ stopped
//
// There is no "reconnect" button on a stream, so only the gateway ends the attempts. ladder.mjs selects the transport.

import { afterClose, steady } from "./backoff.mjs";
import { Cursor } from "./cursor.mjs";
import { BLOCKED, Ladder } from "./ladder.mjs";
import { Talk } from "./talk.mjs";

/** @typedef {import("./types.mjs").Action} Action */

const OPENING_MS = 10_000; // a SYN without answer would otherwise take the operating system's two minutes
const SILENT = 4408; // our own, never on the wire: the watchdog gave up

export class Session {
  /**
   * @param {object} options
   * @param {import("./talk.mjs").Who} options.who
   * @param {import("./types.mjs").Place | null} options.resume where to go on, null for the present
   * @param {() => number} options.random 0 ≤ x < 1
   * @param {() => boolean} [options.room] may more critical events be handed over?
   * @param {boolean} [options.near] the gateway is on this machine, where a refused connection costs nothing
   * @param {import("./ladder.mjs").Kind | null} [options.transport] the only one that may be used; null for all
   */
  constructor({ who, resume, random, room = () => true, near = false, transport = null }) {
    this.who = who;
    this.random = random;
    this.near = near;
    this.ladder = new Ladder(transport);
    this.cursor = new Cursor(resume, room);
    /** @type {Talk | null} */
    this.talk = null;
    /** @type {"waiting" | "opening" | "open" | "stopped"} */
    this.phase = "waiting";
    this.wake = 0; // waiting: when to connect; opening: when to give up
    this.opened_at = 0;
    this.welcomed = false;
    this.attempt = 0;
    this.connects = 0;
    this.hellos = 0;
    /** @type {Action[]} */
    this.actions = [];
  }

  /** For people: waiting, opening, greeting, live or stopped. */
  get state() {
    if (this.talk === null) return this.phase;
    return this.talk.live ? "live" : "greeting";
  }

  /** What to do now; asking empties it. @returns {Action[]} */
  take() {
    const actions = this.actions;
    this.actions = [];
    return actions;
  }

  /** @returns {number} when tick is next needed, by the clock of the other calls */
  deadline() {
    if (this.talk !== null) return Math.min(this.talk.deadline(), this.ladder.probe_at);
    return this.phase === "stopped" ? Infinity : this.wake;
  }

  /** @param {number} now */
  tick(now) {
    if (this.talk !== null) {
      if (!this.talk.tick(now)) this.lose(now);
      else if (this.ladder.due(now)) this.actions.push({ do: "probe" });
    } else if (this.phase === "waiting" && now >= this.wake) {
      this.phase = "opening";
      this.welcomed = false;
      this.wake = now + OPENING_MS;
      this.connects += 1;
      this.actions.push({ do: "connect", transport: this.ladder.kind });
    } else if (this.phase === "opening" && now >= this.wake) this.lose(now);
  }

  /** The socket is open. @param {number} now */
  opened(now) {
    if (this.phase !== "opening") return;
    this.phase = "open";
    this.opened_at = now;
    this.talk = new Talk(this.who, this.cursor, (action) => this.actions.push(action), now);
  }

  /**
   * @param {import("./types.mjs").Message} message
   * @param {number} now
   */
  message(message, now) {
    this.talk?.message(message, now);
    if (message.t !== "welcome") return;
    this.welcomed = true;
    this.ladder.good(now);
  }

  /** There is room again for critical events that were let go. @param {number} now */
  roomy(now) {
    this.talk?.roomy(now);
  }

  /** A WebSocket was opened beside the connection: change over to it; the next hello resumes. @param {number} now */
  probed(now) {
    if (this.talk === null || this.ladder.kind === "ws") return;
    this.ladder.climb();
    this.actions.push({ do: "close" });
    this.wait(now, 0);
  }

  /**
   * The socket is closed, or never opened.
   * @param {number} code
   * @param {string} reason
   * @param {number} now
   */
  closed(code, reason, now) {
    if (this.phase !== "opening" && this.phase !== "open") return;
    if (this.phase === "open" && now - this.opened_at >= steady(this.near)) this.attempt = 0;
    if (code === BLOCKED || (code === SILENT && !this.welcomed)) this.ladder.failed();
    const wait = afterClose(code, this.attempt, this.random, this.near);
    this.attempt += 1;
    this.wait(now, typeof wait === "number" ? wait : 0);
    if (typeof wait === "number") return;
    this.phase = "stopped";
    this.actions.push(wait === "reload" ? { do: "reload" } : { do: "stopped", code, reason });
  }

  /** @param {number} now @param {number} ms until the next attempt */
  wait(now, ms) {
    this.hellos += this.talk?.hellos ?? 0;
    this.talk = null;
    this.phase = "waiting";
    this.wake = now + ms;
  }

  /** @param {number} now */
  lose(now) {
    this.actions.push({ do: "close" });
    this.closed(SILENT, "silent", now);
  }
}

// @ts-check
// The conversation of one connection, from hello to end: docs/wire.md as a state machine, without socket or timer.
//
//    hello ──▶ greeting ──welcome──▶ live ──┐
//                 ▲                         │ a gap, or `top` ahead for 500 ms with nothing following
//                 └────── hello again ◀─────┘

import { hello } from "./protocol.mjs";

/** @typedef {import("./types.mjs").Action} Action */

const GAP_MS = 500; // docs/wire.md, "heartbeat"
const GREETING_MS = 5_000; // the gateway allows 3 s for a hello; its answer takes no longer
const AGAIN_MS = 250; // at most four hellos a second, also when every answer has a gap
const WATCHDOG = 2.5; // × heartbeat; docs/wire.md
const OVERSLEPT_MS = 1_000; // a timer this late: the page was suspended, and messages still have to be read
const PING_MS = 10_000; // the page's clock drifts some ms an hour; the first pings are sent sooner
const FIRST_PINGS = 4;
const FIRST_PING_MS = 200;

/** @typedef {import("./types.mjs").Who} Who */
export class Talk {
  /**
   * @param {Who} who
   * @param {import("./cursor.mjs").Cursor} cursor
   * @param {(action: Action) => void} emit
   * @param {number} now
   */
  constructor(who, cursor, emit, now) {
    this.who = who;
    this.cursor = cursor;
    this.emit = emit;
    this.live = false;
    this.heartbeat_ms = 2_000;
    this.heard_at = now;
    this.hello_at = -Infinity;
    this.again_at = Infinity; // when to say hello again
    this.ping_at = Infinity;
    this.pings = 0;
    this.hellos = 0;
    this.greet(now);
  }

  /** @returns {number} when tick is next needed */
  deadline() {
    return Math.min(this.again_at, this.ping_at, this.silent_at());
  }

  silent_at() {
    return this.heard_at + (this.live ? WATCHDOG * this.heartbeat_ms : GREETING_MS);
  }

  /**
   * @param {number} now
   * @returns {boolean} false: nothing came for too long, whatever the socket believes
   */
  tick(now) {
    if (now >= this.silent_at()) {
      if (now < this.silent_at() + OVERSLEPT_MS) return false;
      this.heard_at = now - (this.silent_at() - this.heard_at) + GAP_MS;
    }
    if (now >= this.again_at) this.greet(now);
    else if (now >= this.ping_at) this.ping(now);
    return true;
  }

  /**
   * @param {import("./types.mjs").Message} message
   * @param {number} now
   */
  message(message, now) {
    this.heard_at = now;
    if (message.t === "welcome") this.welcomed(message, now);
    else if (message.t === "frame") this.framed(message, now);
    else if (message.t === "heartbeat") {
      this.cursor.raise(message.top);
      this.watch(now);
    } else if (message.t === "pong") this.emit({ do: "clock", message, at: now });
    else if (message.t !== "unknown") this.emit({ do: "told", message });
  }

  /** There is room again for critical events that were let go. @param {number} now */
  roomy(now) {
    if (this.live && this.cursor.held) this.again_at = Math.min(this.again_at, this.soonest(now));
  }

  /** @param {number} now */
  greet(now) {
    this.live = false;
    this.again_at = Infinity;
    this.hello_at = now;
    this.heard_at = now;
    this.hellos += 1;
    this.emit({ do: "send", message: hello({ ...this.who, resume: this.cursor.resume() }) });
  }

  /** @param {number} now */
  ping(now) {
    this.pings += 1;
    this.ping_at = now + (this.pings < FIRST_PINGS ? FIRST_PING_MS : PING_MS);
    this.emit({ do: "send", message: { t: "ping", client_ts_ms: now } });
  }

  /**
   * @param {import("./types.mjs").Welcome} welcome
   * @param {number} now
   */
  welcomed(welcome, now) {
    const jump = this.cursor.adopt(welcome);
    this.live = true;
    this.heartbeat_ms = Math.max(100, welcome.heartbeat_ms);
    this.emit({ do: "clock", message: welcome, at: now });
    if (welcome.missed !== null) this.emit({ do: "missed", from: welcome.missed[0], to: welcome.missed[1] });
    this.emit({ do: "place", epoch: this.cursor.epoch, position: this.cursor.position, jump });
    if (welcome.layout !== undefined) this.emit({ do: "told", message: welcome.layout });
    if (welcome.state.length > 0) this.emit({ do: "state", events: welcome.state });
    if (this.pings === 0) this.ping(now);
    this.again_at = Infinity;
    this.watch(now);
  }

  /**
   * @param {import("./types.mjs").Frame} frame
   * @param {number} now
   */
  framed(frame, now) {
    const before = this.cursor.position;
    const fresh = this.live ? this.cursor.take(frame) : []; // before a welcome the log is asked, not the frame
    if (fresh === null) this.again_at = Math.min(this.again_at, this.soonest(now));
    for (const events of [fresh ?? [], frame.events.filter((event) => event.position === 0)]) {
      if (events.length > 0) this.emit({ do: "events", events, replay: frame.replay, tick_ms: frame.tick_ts_ms });
    }
    if (this.cursor.position !== before) {
      this.again_at = Infinity; // it moves: the 500 ms begin anew
      this.emit({ do: "place", epoch: this.cursor.epoch, position: this.cursor.position, jump: false });
    }
    if (fresh !== null) this.watch(now);
  }

  /** Ask for what is in the log when nothing brings it. @param {number} now */
  watch(now) {
    if (!this.live) return;
    this.again_at = this.cursor.behind() ? Math.min(this.again_at, now + GAP_MS) : Infinity;
  }

  /** @param {number} now */
  soonest(now) {
    return Math.max(now, this.hello_at + AGAIN_MS);
  }
}

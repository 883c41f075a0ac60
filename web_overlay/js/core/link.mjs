// @ts-check
// Carries out the decisions of the session: one connection, one timer.

import { Positions } from "./positions.mjs";
import { readMessage } from "./protocol.mjs";
import { TRANSPORTS } from "./transports.mjs";

/** @typedef {import("./types.mjs").Action} Action */
/** @typedef {import("./transports.mjs").Ear} Ear */

const BAD_MESSAGE = 4400; // our own, never on the wire: reconnect, and ask the log instead

export class Link {
  /**
   * @param {object} options
   * @param {string} options.origin of the gateway
   * @param {import("./session.mjs").Session} options.session
   * @param {() => number} options.now
   * @param {(action: Action) => void} options.act what is not about the socket
   * @param {(error: unknown) => void} [options.warn]
   * @param {(ms: number) => void} [options.spent] how long a message took
   * @param {() => void} [options.settled] all actions of a message or timer were carried out
   * @param {typeof TRANSPORTS} [options.transports]
   * @param {(run: () => void, ms: number) => any} [options.setTimer]
   * @param {(timer: any) => void} [options.clearTimer]
   */
  constructor({ origin, session, now, act, warn, spent, settled, transports, setTimer, clearTimer }) {
    this.origin = origin;
    this.session = session;
    this.now = now;
    this.act = act;
    this.warn = warn ?? (() => {});
    this.spent = spent ?? (() => {});
    this.settled = settled ?? (() => {});
    this.transports = transports ?? TRANSPORTS;
    this.setTimer = setTimer ?? ((run, ms) => setTimeout(run, ms));
    this.clearTimer = clearTimer ?? ((timer) => clearTimeout(timer));
    /** @type {import("./transports.mjs").Line | null} */
    this.line = null;
    /** @type {any} */
    this.timer = null;
    this.timer_at = Infinity;
  }

  start() {
    this.session.tick(this.now());
    this.settle();
  }

  /** @param {Record<string, unknown>} message */
  send(message) {
    this.line?.send(message);
  }

  /** Carry out the decisions of the session, and set the timer. */
  settle() {
    for (const action of this.session.take()) {
      if (action.do === "connect") this.connect(action.transport);
      else if (action.do === "probe") this.probe();
      else if (action.do === "send") this.send(action.message);
      else if (action.do === "close") this.drop();
      else this.act(action);
    }
    const at = this.session.deadline();
    if (at !== this.timer_at) {
      if (this.timer !== null) this.clearTimer(this.timer);
      this.timer_at = at;
      this.timer = at === Infinity ? null : this.setTimer(() => this.expired(), Math.max(0, at - this.now()));
    }
    this.settled();
  }

  expired() {
    this.timer = null;
    this.timer_at = Infinity;
    this.session.tick(this.now());
    this.settle();
  }

  /** @param {import("./ladder.mjs").Kind} kind */
  connect(kind) {
    this.drop();
    const line = this.transports[kind](this.origin, this.ear(() => this.line === line));
    this.line = line;
  }

  /** What a connection tells, for as long as it is the one that is wanted. @param {() => boolean} wanted @returns {Ear} */
  ear(wanted) {
    return {
      opened: () => {
        if (!wanted()) return;
        this.session.opened(this.now());
        this.settle();
      },
      received: (read) => {
        if (!wanted()) return;
        const begin = this.now();
        this.received(read);
        this.spent(this.now() - begin);
      },
      closed: (code, reason) => {
        if (!wanted()) return;
        this.line = null;
        this.session.closed(code, reason, this.now());
        this.settle();
      },
    };
  }

  /** Try a WebSocket beside the connection that works. */
  probe() {
    const line = this.transports.ws(this.origin, {
      opened: () => {
        line.close();
        this.session.probed(this.now());
        this.settle();
      },
      received: () => {},
      closed: () => {},
    });
  }

  /** @param {() => unknown} read */
  received(read) {
    let raw, message;
    try {
      raw = read();
      message = raw instanceof Positions ? null : readMessage(raw);
    } catch (error) {
      // A malformed message may have contained critical events, so they are requested from the log.
      this.warn(error);
      this.drop();
      this.session.closed(BAD_MESSAGE, String(error), this.now());
      this.settle();
      return;
    }
    if (message !== null) this.session.message(message, this.now());
    else this.act({ do: "positions", message: /** @type {Positions} */ (raw) }); // no part of the conversation
    this.settle();
  }

  /** Close the connection; none of its events is wanted any more. */
  drop() {
    const line = this.line;
    this.line = null;
    line?.close();
  }
}

// @ts-check
// The session's hands: one WebSocket, one timer. It decides nothing.

import { decode } from "./codec.mjs";
import { readMessage } from "./protocol.mjs";

/** @typedef {import("./types.mjs").Action} Action */

const BAD_MESSAGE = 4400; // our own, never on the wire: reconnect, and ask the log instead

export class Link {
  /**
   * @param {object} options
   * @param {string} options.url
   * @param {import("./session.mjs").Session} options.session
   * @param {() => number} options.now
   * @param {(action: Action) => void} options.act what is not about the socket
   * @param {(error: unknown) => void} [options.warn]
   * @param {typeof WebSocket} [options.WebSocket]
   * @param {(run: () => void, ms: number) => any} [options.setTimer]
   * @param {(timer: any) => void} [options.clearTimer]
   */
  constructor({ url, session, now, act, warn, WebSocket, setTimer, clearTimer }) {
    this.url = url;
    this.session = session;
    this.now = now;
    this.act = act;
    this.warn = warn ?? (() => {});
    this.WebSocket = WebSocket ?? globalThis.WebSocket;
    this.setTimer = setTimer ?? ((run, ms) => setTimeout(run, ms));
    this.clearTimer = clearTimer ?? ((timer) => clearTimeout(timer));
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {any} */
    this.timer = null;
    this.timer_at = Infinity;
    this.bytes = 0;
  }

  start() {
    this.session.tick(this.now());
    this.settle();
  }

  /** @param {Record<string, unknown>} message */
  send(message) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  /** Carry out what the session decided, and set the one timer. */
  settle() {
    for (const action of this.session.take()) {
      if (action.do === "connect") this.connect();
      else if (action.do === "send") this.send(action.message);
      else if (action.do === "close") this.drop();
      else this.act(action);
    }
    const at = this.session.deadline();
    if (at === this.timer_at) return;
    if (this.timer !== null) this.clearTimer(this.timer);
    this.timer_at = at;
    this.timer = at === Infinity ? null : this.setTimer(() => this.expired(), Math.max(0, at - this.now()));
  }

  expired() {
    this.timer = null;
    this.timer_at = Infinity;
    this.session.tick(this.now());
    this.settle();
  }

  connect() {
    this.drop();
    const socket = new this.WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.session.opened(this.now());
      this.settle();
    };
    socket.onmessage = (event) => this.received(event.data);
    socket.onclose = (event) => {
      this.socket = null;
      this.session.closed(event.code, event.reason, this.now());
      this.settle();
    };
  }

  /** @param {string | ArrayBuffer} data */
  received(data) {
    this.bytes += typeof data === "string" ? data.length : data.byteLength;
    let message;
    try {
      message = readMessage(decode(data));
    } catch (error) {
      // Whoever wrote this does not speak our language; what it held may have been critical, so the log is asked.
      this.warn(error);
      this.drop();
      this.session.closed(BAD_MESSAGE, String(error), this.now());
      this.settle();
      return;
    }
    this.session.message(message, this.now());
    this.settle();
  }

  /** Let the socket go; none of its events is wanted any more. */
  drop() {
    const socket = this.socket;
    if (socket === null) return;
    this.socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

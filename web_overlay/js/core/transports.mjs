// @ts-check
// The transports of docs/wire.md: each opens one connection, sends messages, and calls back with its events.

import { decode } from "./codec.mjs";
import { BLOCKED } from "./ladder.mjs";

/**
 * @typedef {object} Ear
 * @property {() => void} opened
 * @property {(read: () => unknown) => void} received `read` may throw: then it was no message
 * @property {(code: number, reason: string) => void} closed at most once
 */
/** @typedef {{send: (message: Record<string, unknown>) => void, close: () => void}} Line */
/** @typedef {(origin: string, ear: Ear) => Line} Transport */

const LOST = 1006;
const LEAVE_MS = 1_000;
const SLOW_MS = 30_000; // a poll is answered within 25 s

/** @type {Transport} */
function webSocket(origin, ear) {
  const socket = new WebSocket(`${origin.replace(/^http/, "ws")}/ws`);
  const open = { was: false, wanted: true };
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    open.was = true;
    ear.opened();
  };
  socket.onmessage = ({ data }) => ear.received(() => decode(data));
  socket.onclose = async ({ code, reason }) => {
    // A browser gives no reason for a failed WebSocket: the gateway may be stopped, or a proxy may block it.
    const blocked = !open.was && open.wanted && (await answers(origin));
    if (open.wanted) ear.closed(blocked ? BLOCKED : code, reason);
  };
  return {
    send: (message) => socket.readyState === 1 && socket.send(JSON.stringify(message)),
    close() {
      open.wanted = false;
      socket.onopen = socket.onmessage = null;
      socket.close();
    },
  };
}

/** @type {Transport} */
function sse(origin, ear) {
  const talk = new Requests(origin, ear);
  talk.begin = async (hello) => {
    const { session, close } = await talk.post("/sse", hello);
    if (close !== undefined) return talk.end(close.code, close.reason);
    talk.session = session;
    const source = new EventSource(`${origin}/sse?session=${session}`);
    talk.stop = () => source.close();
    source.onmessage = ({ data }) => talk.hear(() => decode(data));
    source.onerror = () => talk.end(LOST, "");
    source.addEventListener("close", (event) => {
      const close = JSON.parse(event.data);
      talk.end(close.code, close.reason);
    });
  };
  return talk;
}

/** @type {Transport} */
function poll(origin, ear) {
  const talk = new Requests(origin, ear);
  talk.begin = async (hello) => {
    let messages = [hello];
    while (!talk.over) {
      const answer = await talk.post("/poll", { session: talk.session, messages });
      messages = [];
      talk.session = answer.session;
      for (const message of answer.messages) talk.hear(() => message);
      if (answer.close !== null) talk.end(answer.close.code, answer.close.reason);
    }
  };
  return talk;
}

/** @type {Record<import("./ladder.mjs").Kind, Transport>} */
export const TRANSPORTS = { ws: webSocket, sse, poll };

/** A conversation of more than one request: the first message begins it, later ones go beside it. */
class Requests {
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
    this.leave = () => {
      const body = JSON.stringify({ session: this.session, leaving: true });
      if (this.session !== "") navigator.sendBeacon(`${origin}/say`, body);
    };
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

/** Does the gateway answer at all? @param {string} origin */
async function answers(origin) {
  try {
    return (await fetch(`${origin}/healthz`, { cache: "no-store", signal: AbortSignal.timeout(SLOW_MS / 10) })).ok;
  } catch {
    return false;
  }
}

// @ts-check
// The transports of docs/wire.md: each opens one connection, sends messages, and calls back with its events.

import { decode } from "./codec.mjs";
import { BLOCKED } from "./ladder.mjs";
import { LOST, Requests } from "./requests.mjs";

/**
 * @typedef {object} Ear
 * @property {() => void} opened
 * @property {(read: () => unknown) => void} received `read` may throw: then it was no message
 * @property {(code: number, reason: string) => void} closed at most once
 */
/** @typedef {{send: (message: Record<string, unknown>) => void, close: () => void, session?: string}} Line */
/** @typedef {(origin: string, ear: Ear) => Line} Transport */

const ANSWER_MS = 3_000;

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

/** Does the gateway answer at all? @param {string} origin */
export async function answers(origin) {
  try {
    return (await fetch(`${origin}/healthz`, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) })).ok;
  } catch {
    return false;
  }
}

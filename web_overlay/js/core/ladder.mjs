// @ts-check
// Which transport the next connection uses: a WebSocket; after three failures in a row server-sent events; then polling.
// Pure. A stopped gateway is not a failure of a transport: the caller reports only failures while HTTP is answered.

/** @typedef {"ws" | "sse" | "poll"} Kind */

/** @type {readonly Kind[]} */
export const KINDS = ["ws", "sse", "poll"];
export const BLOCKED = 4407; // our own, never on the wire: this transport fails where the gateway answers
const TRIES = 3;
export const PROBE_MS = 60_000;

export class Ladder {
  /** @param {Kind | null} only the one transport that is allowed; null for all */
  constructor(only) {
    this.only = only;
    this.kind = only ?? "ws";
    this.failures = 0;
    this.probe_at = Infinity;
  }

  /** A connection ended without a welcome, although the gateway answers. */
  failed() {
    this.failures += 1;
    if (this.only !== null || this.failures < TRIES) return;
    this.failures = 0;
    this.kind = KINDS[(KINDS.indexOf(this.kind) + 1) % KINDS.length];
  }

  /** A conversation began. @param {number} now */
  good(now) {
    this.failures = 0;
    if (this.only === null && this.kind !== "ws" && this.probe_at === Infinity) this.probe_at = now + PROBE_MS;
  }

  /** Is it time to see whether a WebSocket works again? @param {number} now */
  due(now) {
    if (now < this.probe_at) return false;
    this.probe_at = now + PROBE_MS;
    return true;
  }

  /** A WebSocket was opened. */
  climb() {
    this.kind = "ws";
    this.failures = 0;
    this.probe_at = Infinity;
  }
}

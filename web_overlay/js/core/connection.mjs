// @ts-check
// The connection of the overlay behind plain messages: session, transports and decoding. It runs in a worker or in the page
// (uplink.mjs).
//
//    page ──start, receipt, visible, room──▶ [Connection] ──batch──▶ page
//
// A batch has the actions of one received message, in order, and the status after them. So the page has received every
// event up to `status.position`.

import { Link } from "./link.mjs";
import { Positions } from "./positions.mjs";
import { Session } from "./session.mjs";

/** @typedef {import("./types.mjs").Action} Action */

/**
 * @typedef {object} Start
 * @property {string} origin of the gateway
 * @property {Omit<import("./types.mjs").Who, "visible">} who
 * @property {import("./types.mjs").Place | null} resume where to go on, null for the present
 * @property {boolean} near the gateway is on this machine
 * @property {import("./ladder.mjs").Kind | null} transport the only one that may be used; null for all
 * @property {boolean} visible
 * @property {number} room critical events that the page takes before it grants more room
 */

/**
 * @typedef {{t: "receipt", epoch: string, message: Record<string, unknown>}
 *   | {t: "visible", visible: boolean}
 *   | {t: "room", more: number, empty: boolean}
 * } Order `empty`: no critical event waits on the page
 */

/**
 * @typedef {object} Status
 * @property {string} state waiting, opening, greeting, live or stopped
 * @property {string} epoch "" before the first welcome
 * @property {number} position
 * @property {number} top
 * @property {boolean} held critical events were let go, because the page had no room
 * @property {number} connects
 * @property {import("./ladder.mjs").Kind} transport
 * @property {string} session name of a conversation that is not a WebSocket; "" for none
 * @property {import("./cursor.mjs").Cursor["counters"]} cursor
 */

/** @typedef {{actions: Action[], status: Status}} Batch */

/**
 * @typedef {object} Shell
 * @property {() => number} now by the clock of the page
 * @property {() => number} random 0 ≤ x < 1
 * @property {(batch: Batch) => void} post
 * @property {(error: unknown) => void} [warn]
 * @property {(ms: number) => void} [spent] how long a message took
 * @property {typeof import("./transports.mjs").TRANSPORTS} [transports]
 * @property {(run: () => void, ms: number) => any} [setTimer]
 * @property {(timer: any) => void} [clearTimer]
 */

export class Connection {
  /** @param {Start} start @param {Shell} shell */
  constructor({ origin, who, visible, room, ...rest }, { random, post, ...shell }) {
    this.visible = visible;
    this.room = room;
    this.now = shell.now;
    this.post = post;
    /** @type {Action[]} */
    this.actions = [];
    /** @type {Status | null} */
    this.posted = null;
    this.session = new Session({ ...rest, who: { ...who, visible: () => this.visible }, random, room: () => this.room > 0 });
    this.link = new Link({
      ...{ ...shell, origin, session: this.session },
      act: (action) => this.act(action),
      settled: () => this.settled(),
    });
  }

  start() {
    this.link.start();
  }

  /** @param {Order} order */
  obey(order) {
    const { session, link } = this;
    if (order.t === "visible") this.visible = order.visible;
    else if (order.t === "receipt") {
      // A receipt may cross a reconnect on its way. A position of another epoch means nothing to the gateway, and the page
      // sends a new receipt after each welcome.
      if (session.state === "live" && session.cursor.epoch === order.epoch) link.send(order.message);
    } else {
      this.room += order.more;
      if (!order.empty || !session.cursor.held) return;
      session.roomy(this.now());
      link.settle();
    }
  }

  /** @param {Action} action */
  act(action) {
    if (action.do === "events") for (const { position } of action.events) if (position > 0) this.room -= 1;
    this.actions.push(action);
  }

  /** What one message or timer caused is complete. */
  settled() {
    const { actions, status } = this;
    if (actions.length === 0 && JSON.stringify(status) === JSON.stringify(this.posted)) return;
    this.posted = status;
    this.actions = [];
    this.post({ actions, status });
  }

  /** @returns {Status} */
  get status() {
    const { state, connects, ladder, cursor } = this.session;
    const { epoch, position, top, held, counters } = cursor;
    const session = this.link.line?.session ?? "";
    return { state, epoch, position, top, held, connects, transport: ladder.kind, session, cursor: { ...counters } };
  }
}

/**
 * A batch as the message of a worker: the data, and what is transferred. A text costs the page less than the structured clone
 * of its objects. Packed positions stay bytes.
 * @param {Batch} batch
 * @returns {[string | ArrayBuffer, ArrayBuffer[]]}
 */
export function pack(batch) {
  const [first] = batch.actions;
  if (first?.do !== "positions") return [JSON.stringify(batch), []];
  const buffer = /** @type {ArrayBuffer} */ (first.message.places.buffer);
  return [buffer, [buffer]];
}

/** @param {string | ArrayBuffer} data @returns {{actions: Action[], status: Status | null}} null: as before */
export function unpack(data) {
  if (typeof data === "string") return JSON.parse(data);
  return { actions: [{ do: "positions", message: new Positions(data) }], status: null };
}

/** @param {unknown} error */
export function misunderstood(error) {
  console.warn("framewire: a message was not understood", error);
}

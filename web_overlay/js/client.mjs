// @ts-check
// A library for custom overlays (docs/client.md): connects, resumes, calls handlers with events, sends receipts.

import { isNear } from "./core/backoff.mjs";
import { Leftovers } from "./core/leftovers.mjs";
import { Link } from "./core/link.mjs";
import { Receipts } from "./core/receipts.mjs";
import { Session } from "./core/session.mjs";
import { loadPlace, overlayId, savePlace } from "./place.mjs";

/** @typedef {import("./core/types.mjs").Event} Event */
/** @typedef {(event: Event, about: {replay: boolean, state: boolean}) => void} Handler */

const NO_FIGURES = { fps: null, p50: null, p95: null, queue: 0, dropped: 0 };

/**
 * @typedef {object} Options
 * @property {string} [token] a display token; default: `k` of the address's fragment
 * @property {string} [overlayId] who this overlay is, over reloads; default: one per tab
 * @property {string} [origin] of the gateway; default: that of the page
 * @property {string[] | null} [types] only these event types; default: all
 * @property {boolean} [resume] go on after a reload where the last page stopped (default), or begin at the present
 * @property {import("./core/ladder.mjs").Kind | null} [transport] only this one; default: the best that works
 */

/** Connect to a gateway. @param {Options} [options] */
export function connect(options = {}) {
  return new Client(options);
}

export class Client {
  /** @param {Options} options */
  constructor({ token, overlayId: asked, origin = location.origin, types = null, resume = true, transport = null }) {
    this.id = overlayId(asked ?? null);
    /** @type {Map<string, Handler[]>} */
    this.handlers = new Map();
    this.leftovers = new Leftovers();
    this.types = types;
    this.receipts = new Receipts();
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.timer = null;
    this.session = new Session({
      who: {
        ...{ token: token ?? new URLSearchParams(location.hash.slice(1).replace("?", "&")).get("k") ?? "", overlayId: this.id },
        ...{ format: "msgpack", build: "client", types: types && [...new Set([...types, "show"])] },
      },
      resume: resume ? loadPlace(this.id) : null,
      random: Math.random,
      near: isNear(new URL(origin).hostname),
      transport,
    });
    this.link = new Link({
      ...{ origin, session: this.session, now: () => performance.now() },
      act: (action) => this.act(action),
      warn: (error) => console.warn("framewire: a message was not understood", error),
    });
    queueMicrotask(() => this.link.start()); // so that handlers that are added at once miss nothing
  }

  /** waiting, opening, greeting, live or stopped */
  get state() {
    return this.session.state;
  }

  /**
   * Call `handler` for every event of a type, "*" for all. It must draw before it returns: then the receipt is sent.
   * @param {string} type @param {Handler} handler
   */
  on(type, handler) {
    this.handlers.set(type, [...(this.handlers.get(type) ?? []), handler]);
    return this;
  }

  /** @param {import("./core/types.mjs").Action} action */
  act(action) {
    if (action.do === "events") this.hand(action.events, { replay: action.replay, state: false });
    else if (action.do === "state") this.hand([...this.leftovers.end(), ...action.events], { replay: true, state: true });
    else if (action.do === "place") this.receipts.drawn(action.epoch, action.position);
    else if (action.do === "clock" && action.message.t === "welcome") this.receipts.greeted(action.message.receipt_ms);
    else if (action.do === "stopped") console.error(`framewire: stopped (${action.code}) ${action.reason}`);
    else if (action.do === "missed") console.warn(`framewire: ${action.from} to ${action.to} are no longer in the log`);
    this.report();
  }

  /** @param {Event[]} events @param {{replay: boolean, state: boolean}} about */
  hand(events, about) {
    for (const event of events) {
      const again = this.leftovers.see(event);
      if (again.length > 0) this.hand(again, { replay: true, state: true });
      if (this.types?.includes(event.type) === false) continue;
      for (const handler of [...(this.handlers.get(event.type) ?? []), ...(this.handlers.get("*") ?? [])]) {
        try {
          handler(event, about);
        } catch (error) {
          reportError(error); // one broken handler must not stop the others
        }
      }
    }
  }

  /** Say what was drawn, as often as the gateway asks for; remember it for the next load. */
  report() {
    const { receipts, session } = this;
    const now = performance.now();
    const receipt = session.state === "live" ? receipts.take(now, session.cursor.epoch, () => NO_FIGURES) : null;
    if (receipt !== null) {
      this.link.send(receipt);
      savePlace(this.id, { epoch: receipts.epoch, position: receipts.position });
    }
    const due = receipts.due();
    if (this.timer !== null || session.state !== "live" || due === Infinity) return;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        this.report();
      },
      Math.max(1, due - now),
    );
  }
}

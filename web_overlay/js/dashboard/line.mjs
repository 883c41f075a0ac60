// @ts-check
// The connection of the dashboard: it receives the frames of overlays with the role "dashboard", and sends commands.

import { isNear } from "../core/backoff.mjs";
import { pageClock } from "../core/clock.mjs";
import { Link } from "../core/link.mjs";
import { Session } from "../core/session.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */
/** @typedef {import("../core/types.mjs").Result} Result */

const WITHIN_MS = 8_000; // the gateway waits 5 s for the ingest
const MOST_BYTES = 4_000; // the gateway closes a connection that sends more than 4 KiB in one message
const HISTORY = 200; // critical events that a page requests when it opens

export class Line {
  /**
   * @param {object} options
   * @param {string} options.token
   * @param {(events: Event[], welcome: boolean) => void} options.events `welcome`: the states that hold
   * @param {() => void} options.changed the connection came or went
   */
  constructor({ token, events, changed }) {
    this.token = token;
    this.events = events;
    this.changed = changed;
    this.stopped = "";
    this.made = 0;
    this.clock = pageClock();
    /** @type {Map<string, (result: Result) => void>} */
    this.asked = new Map();
    /** @type {Link | null} */
    this.link = null;
  }

  get live() {
    return this.link !== null && this.link.session.state === "live";
  }

  /** Connect, and begin with the last events of the log. @param {string} epoch @param {number} top */
  start(epoch, top) {
    if (this.link !== null) return;
    const session = new Session({
      who: { token: this.token, overlayId: "dashboard", format: "msgpack", build: "dashboard", role: "dashboard" },
      resume: { epoch, position: Math.max(0, top - HISTORY) },
      random: Math.random,
      near: isNear(location.hostname),
    });
    this.link = new Link({
      origin: location.origin,
      session,
      now: this.clock.now,
      act: (action) => this.act(action),
    });
    this.link.start();
  }

  /** @param {import("../core/types.mjs").Action} action */
  act(action) {
    if (action.do === "events" || action.do === "state") this.events(action.events, action.do === "state");
    else if (action.do === "told" && action.message.t === "result") this.asked.get(action.message.id)?.(action.message);
    else if (action.do === "stopped") this.stopped = action.reason || `code ${action.code}`;
    else if (action.do === "clock") this.clock.hear(action.message, action.at);
    else if (action.do === "reload") location.reload();
    this.changed();
  }

  /**
   * @param {string} name
   * @param {Record<string, unknown>} args
   * @param {number} [within_ms]
   * @returns {Promise<Result>} when the gateway has answered
   * @throws {Error} with the reason when it refused, or did not answer
   */
  order(name, args, within_ms = WITHIN_MS) {
    const id = `d${(this.made += 1)}`;
    const message = { t: "command", id, name, args };
    if (!this.live) return Promise.reject(new Error("No connection to the gateway; connecting again."));
    if (new TextEncoder().encode(JSON.stringify(message)).length > MOST_BYTES) {
      return Promise.reject(new Error("This event is too large to be sent from here."));
    }
    return new Promise((resolve, reject) => {
      const end = (/** @type {Result | null} */ result) => {
        clearTimeout(timer);
        this.asked.delete(id);
        if (result === null) reject(new Error("The gateway did not answer in time."));
        else if (result.ok) resolve(result);
        else reject(new Error(result.error));
      };
      const timer = setTimeout(() => end(null), within_ms);
      this.asked.set(id, end);
      /** @type {Link} */ (this.link).send(message);
    });
  }
}

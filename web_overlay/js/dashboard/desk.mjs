// @ts-check
// State and actions of the dashboard: events, status, and commands of the operator.
// `draw` in show.mjs turns it into the page; app.mjs wires both to the page's buttons and timers.

import { Applications } from "../core/applications.mjs";
import { Leftovers } from "../core/leftovers.mjs";
import { ask, historyOf } from "./api.mjs";
import { rows } from "./format.mjs";
import { Deliveries } from "./delivery.mjs";
import { unfinished } from "./history.mjs";
import { Line } from "./line.mjs";
import * as orders from "./orders.mjs";
import { ProcessLog } from "./log.mjs";
import { History } from "./plots.mjs";
import { Measured } from "./measured.mjs";
import { River } from "./river.mjs";
import { Scoreboard } from "./scoreboard.mjs";
import { Settings } from "./settings.mjs";
import { Switches } from "./switches.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */
const { sentence } = orders;
const MOST_OBS = 32; // any program may send a state with another name

export class Desk {
  /** @param {string} token @param {() => void} changed something is to be drawn */
  constructor(token, changed) {
    this.token = token;
    this.changed = changed;
    this.switches = new Switches();
    this.leftovers = new Leftovers();
    this.river = new River();
    this.deliveries = new Deliveries();
    this.applications = new Applications();
    /** The last state of each OBS, by the name of its source. @type {Map<string, import("../core/events.js").Obs>} */
    this.obs = new Map();
    /** What each application answered last, by name. @type {Map<string, string>} */
    this.answers = new Map();
    this.samples = new History();
    this.measured = new Measured();
    this.filter = { type: "", text: "" };
    this.status = /** @type {Record<string, any>} */ ({});
    this.silence = "Loading…"; // why nothing is known, "" when it is
    this.said = "";
    this.opened = /** @type {import("./views/stream.mjs").Opened | null} */ (null);
    this.found = /** @type {any} */ (null); // the last answer of "Look up an event"
    this.rejected = /** @type {Record<string, any>[] | null} */ (null);
    this.line = new Line({ token, events: (events, welcome) => this.hear(events, welcome), changed });
    this.settings = new Settings(this.line, changed);
    this.log = new ProcessLog(token, changed);
    const emit = (/** @type {Record<string, unknown>} */ args) => this.order("Score", "emit", args);
    this.score = new Scoreboard({ emit, server: () => this.line.clock.server(), changed });
  }

  get mayOrder() {
    return this.status.scope === "control";
  }

  /** @param {Event[]} events @param {boolean} welcome the states that hold, without tests */
  hear(events, welcome) {
    const ended = welcome ? this.leftovers.end() : [];
    const told = [...ended, ...events.flatMap((event) => [event, ...this.leftovers.see(event)])];
    this.switches.see(told);
    this.score.see(told);
    this.river.add(events);
    for (const { type, payload } of told) {
      if (type === "application") this.applications.see(payload);
      if (type === "obs" && (this.obs.has(payload.name) || this.obs.size < MOST_OBS)) this.obs.set(payload.name, payload);
    }
  }

  /** Ask what holds now. @param {number} now_s */
  async learn(now_s) {
    try {
      this.status = (await ask("/api/status", this.token)) ?? {};
      this.silence = "";
      this.samples.add(this.status, now_s);
      this.measured.see(this.status.clients, now_s * 1_000);
      this.line.start(String(this.status.epoch ?? ""), Number(this.status.top) || 0);
    } catch (error) {
      this.silence = sentence(error);
    }
    await this.learnOpened();
    this.changed();
  }

  /** Ask again for the history that is open, until every overlay has rendered the event. */
  async learnOpened() {
    const { opened } = this;
    if (opened === null || !unfinished(opened.answer, rows(this.status.clients))) return;
    const answer = await historyOf(opened.id, this.token);
    if (this.opened === opened && answer?.history) this.opened = { id: opened.id, answer };
  }

  async learnRejected() {
    if (!this.mayOrder) return; // it quotes messages, which is more than a view token may read
    try {
      const held = await ask("/api/quarantine?limit=500", this.token);
      this.rejected = Array.isArray(held?.quarantine) ? held.quarantine : [];
    } catch (error) {
      this.say(`Rejected: ${sentence(error)}`);
    }
    this.changed();
  }

  async learnLogos() {
    this.score.offer(await ask("/api/media", this.token).catch(() => null));
  }

  /** @param {string} words */
  say(words) {
    this.said = words;
    this.changed();
  }

  /** @param {string} label @param {string} name @param {Record<string, unknown>} args */
  order(label, name, args) {
    return orders.order(this, label, name, args);
  }

  /** Open the history of an event, or close it. @param {string} id */
  async open(id) {
    if (this.opened?.id === id) {
      this.opened = null;
      this.changed();
      return;
    }
    this.opened = { id, answer: null };
    this.changed();
    const answer = await historyOf(id, this.token);
    if (this.opened?.id === id) this.opened = { id, answer };
    this.changed();
  }

  /** The history of an event that the river need not hold. @param {string} id */
  async lookUp(id) {
    this.found = await historyOf(id, this.token);
    this.changed();
  }

  /** The same once more, as an event of its own. @param {Event} event */
  again({ type, payload }) {
    void this.order("Show again", "emit", { type, payload, source: "again" });
  }

  /** @param {Event} event */
  copy({ id }) {
    return orders.copy(this, id, "Id");
  }
}

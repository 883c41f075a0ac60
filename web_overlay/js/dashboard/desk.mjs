// @ts-check
// What the desk knows and does: events as they come, the status as it is asked for, and what an operator orders.
// `draw` in show.mjs turns it into the page; app.mjs wires both to the page's buttons and timers.

import { Applications } from "../core/applications.mjs";
import { Leftovers } from "../core/leftovers.mjs";
import { ask } from "./api.mjs";
import { UNSHOWN, titleOf } from "./describe.mjs";
import { rows } from "./format.mjs";
import { Deliveries } from "./history.mjs";
import { Lags } from "./judge.mjs";
import { Line } from "./line.mjs";
import { History } from "./plots.mjs";
import { River } from "./river.mjs";
import { Switches } from "./switches.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */

const ANSWER_MS = 8_000; // the deadline of a command is 5 s, and the gateway waits 2 s longer

/** @param {unknown} error */
const sentence = (error) => (error instanceof Error ? error.message : String(error));

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
    /** What each application answered last, by name. @type {Map<string, string>} */
    this.answers = new Map();
    this.samples = new History();
    this.lags = new Lags();
    this.filter = { type: "", text: "" };
    /** @type {Record<string, any>} */
    this.status = {};
    this.silence = "Asking the gateway…"; // why nothing is known, "" when it is
    this.said = "";
    /** @type {import("./views/stream.mjs").Opened | null} */
    this.opened = null;
    /** @type {any} the last answer of "Look up an event" */
    this.found = null;
    /** @type {Record<string, any>[] | null} */
    this.rejected = null;
    this.line = new Line({ token, events: (events) => this.hear(events), changed });
  }

  get mayOrder() {
    return this.status.scope === "control";
  }

  /** @param {Event[]} events */
  hear(events) {
    this.switches.see(events);
    this.leftovers.see(events);
    this.river.add(events);
    for (const event of events) if (event.type === "application") this.applications.see(event.payload);
  }

  /** Ask what holds now. @param {number} now_s */
  async learn(now_s) {
    try {
      this.status = (await ask("/api/status", this.token)) ?? {};
      this.lags.see(rows(this.status.clients), now_s);
      this.silence = "";
      this.samples.add(this.status, now_s);
      this.line.start(String(this.status.epoch ?? ""), Number(this.status.top) || 0);
    } catch (error) {
      this.silence = sentence(error);
    }
    this.changed();
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

  /** @param {string} words */
  say(words) {
    this.said = words;
    this.changed();
  }

  /** @param {string} label @param {string} name @param {Record<string, unknown>} args */
  async order(label, name, args) {
    if (!this.mayOrder) return;
    try {
      const { accepted, reached, type } = await this.line.order(name, args);
      const what = reached > 0 ? `${reached} reached` : accepted > 2 ? `${accepted} events accepted` : "accepted";
      const sent = args.type === "random" && type !== "" ? `${titleOf(type)} ` : "";
      const unseen = name === "test" && UNSHOWN.has(type) ? " No widget shows this type; it is in the list of events." : "";
      this.say(`${label}: ${sent}${what}.${unseen}`);
    } catch (error) {
      this.say(`${label}: ${sentence(error)}`);
    }
  }

  /** Send a command to an application and show its answer beside it. @param {string} application @param {string} command */
  async command(application, command) {
    if (!this.mayOrder) return;
    const tell = (/** @type {string} */ words) => {
      this.answers.set(application, `${command.replaceAll("_", " ")}: ${words}`);
      this.changed();
    };
    tell("waiting for the answer…");
    try {
      const { text, answered } = await this.line.order("application", { application, command }, ANSWER_MS);
      tell(text || (answered ? "done." : "sent; this application does not answer."));
    } catch (error) {
      tell(sentence(error));
    }
  }

  /** End the states that a test set last, and no others. */
  async endTest() {
    const ends = this.leftovers.ends();
    try {
      for (const end of ends) await this.line.order("emit", { ...end, source: "dashboard" });
      const types = ends.map(({ type }) => titleOf(type)).join(", ");
      this.say(ends.length === 0 ? "End test: no test is left on the screen." : `End test: ${types} ended.`);
    } catch (error) {
      this.say(`End test: ${sentence(error)}`);
    }
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
    const answer = await this.why(id);
    if (this.opened?.id === id) this.opened = { id, answer };
    this.changed();
  }

  /** The history of an event that the river need not hold. @param {string} id */
  async lookUp(id) {
    this.found = await this.why(id);
    this.changed();
  }

  /** @param {string} id @returns {Promise<any>} */
  why(id) {
    const path = `/api/why?id=${encodeURIComponent(id)}`;
    return ask(path, this.token).catch((error) => ({ reasons: [sentence(error)] }));
  }

  /** The same once more, as an event of its own. @param {Event} event */
  again({ type, payload }) {
    void this.order("Show again", "emit", { type, payload, source: "again" });
  }

  /** @param {Event} event */
  async copy({ id }) {
    const done = await navigator.clipboard.writeText(id).then(
      () => true,
      () => false,
    );
    this.say(done ? "Id copied." : `The browser does not allow it. The id is ${id}`);
  }
}

// @ts-check
// Chat, newest at the bottom. A deletion applies to shown and waiting messages, and to messages that arrive after it
// but were written before, and to what replies quote of them: moderation outranks chat.

import { covers, unquote } from "../core/deletions.mjs";
import { isTest } from "../core/leftovers.mjs";
import { ChatRow } from "./chatrow.mjs";

/** @typedef {import("../core/events.js").EventOf<"chat" | "chat_delete">} Event */
/** @typedef {import("../core/types.mjs").Moment} Moment */
/** @typedef {{user_id: string, message_id: string, channel: string, at_ms: number, late: boolean, test: boolean, payload: any}} Said */
/** @typedef {{row: ChatRow, said: Said | null, until: number}} Place */

const FADE_MS = 2_000;
const APART_MS = 250; // a message sooner after the one before appears without movement: one thing moves at a time
const DELETIONS = 512; // kept for messages that arrive after their deletion; the oldest is removed

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "chat",
  title: "Chat",
  types: ["chat", "chat_delete"],
  box: { x: 96, y: 440, width: 460, height: 400, anchor: "bottom-left" },
  upright: { x: 54, y: 1562, width: 660, height: 262, anchor: "bottom-left" },
  samples: ["chat", "chat", "chat"],
  load: (stage, root) => new Chat(stage, root),
};

class Chat {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    /** @type {Said[]} */
    this.fresh = [];
    /** @type {Place[]} the longest unused first */
    this.rows = Array.from({ length: stage.options.chat }, () => ({ row: new ChatRow(stage), said: null, until: 0 }));
    this.most = this.rows.length;
    root.append(...this.rows.map(({ row }) => row.node));
    /** @type {{message_id: string, user_id: string, channel: string, at_ms: number}[]} */
    this.deletions = [];
    this.order = 0;
    this.entered_at = -Infinity;
    this.counters = { deleted: 0 };
  }

  /** @param {Event} event @param {Moment} moment */
  updateAction(event, { late }) {
    if (event.type === "chat_delete") {
      const { message_id = "", user_id = "", channel = "" } = event.payload;
      this.remove({ message_id, user_id, channel, at_ms: event.ts_ingest_ms });
      return;
    }
    const { payload } = event;
    const { user_id = "", message_id = "", channel = "" } = payload;
    const said = { user_id, message_id, channel, at_ms: event.ts_ingest_ms, late, test: isTest(event), payload };
    if (this.deletions.some((deletion) => covers(deletion, said))) {
      this.counters.deleted += 1;
      return;
    }
    for (const deletion of this.deletions) unquote(deletion, said);
    this.fresh.push(said);
    if (this.fresh.length > this.rows.length) this.fresh.shift();
  }

  /** @param {{message_id: string, user_id: string, channel: string, at_ms: number}} deletion */
  remove(deletion) {
    this.deletions.push(deletion);
    if (this.deletions.length > DELETIONS) this.deletions.shift();
    this.counters.deleted += this.drop((said) => covers(deletion, said));
    for (const said of this.fresh) unquote(deletion, said);
    for (const { said, row } of this.rows) if (said !== null && unquote(deletion, said)) row.unquote();
  }

  endTests() {
    this.drop(({ test }) => test);
  }

  /** At once: a message that is removed does not fade. @param {(said: Said) => boolean} meant @returns {number} how many there were */
  drop(meant) {
    const waiting = this.fresh.filter(meant);
    const shown = this.rows.filter(({ said }) => said !== null && meant(said));
    this.fresh = this.fresh.filter((said) => !meant(said));
    for (const place of shown) this.empty(place);
    return waiting.length + shown.length;
  }

  /** @param {number} share */
  cap(share) {
    this.most = Math.ceil(this.rows.length * share);
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    for (const said of this.fresh) this.say(said, now);
    this.fresh.length = 0;
    for (const place of this.rows.slice(0, -this.most)) this.empty(place);
    let wake = Infinity;
    for (const place of this.rows) {
      if (place.said === null) continue;
      if (place.until <= now) {
        // It fades, and can still be deleted meanwhile; its row is cleared when it is gone.
        if (place.until + FADE_MS > now) {
          this.stage.view.toggle(place.row.node, "fading", true);
          wake = Math.min(wake, place.until + FADE_MS);
        } else {
          this.empty(place);
        }
      } else wake = Math.min(wake, place.until);
    }
    return wake;
  }

  /** @param {Place} place */
  empty(place) {
    if (place.said === null) return;
    place.said = null;
    place.row.clear();
  }

  /** @param {Said} said @param {number} now */
  say(said, now) {
    const { view } = this.stage;
    const place = /** @type {Place} */ (this.rows.shift());
    this.rows.push(place);
    place.said = said;
    place.until = now + this.stage.options.ttl_ms;
    this.order -= 1; // the column is laid out from the bottom: the least order is the newest
    place.row.write(said.payload);
    view.style(place.row.node, "order", String(this.order));
    view.toggle(place.row.node, "off", false);
    view.toggle(place.row.node, "fading", false);
    const apart_ms = now - this.entered_at;
    this.entered_at = now;
    if (said.late || apart_ms < APART_MS) return;
    view.enter(place.row.entrance);
  }
}

// @ts-check
// Chat, newest at the bottom. A deletion takes effect on what is shown, on what waits, and on what arrives after it
// though it was said before: moderation outranks chat.

import { nameColor } from "../core/color.mjs";
import { el, entrance, text } from "./dom.mjs";

/** @typedef {import("../core/events.js").EventOf<"chat" | "chat_delete">} Event */
/** @typedef {import("../core/types.mjs").Moment} Moment */
/** @typedef {{user: string, user_id: string, message_id: string, channel: string, text: string, color: string, at_ms: number, late: boolean}} Said */
/** @typedef {{node: HTMLElement, name: Text, words: Text, nameBox: HTMLElement, entrance: Animation, said: Said | null, until: number}} Row */

const SHOWN_MS = 60_000;
const APART_MS = 100; // messages that come closer together stand at once: a flood must not shimmer
const DELETIONS = 512; // remembered; a message that arrives after so many others were deleted is out of luck

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "chat",
  title: "Chat",
  types: ["chat", "chat_delete"],
  box: { x: 96, y: 440, width: 460, height: 400, anchor: "bottom-left" },
  upright: { x: 54, y: 1510, width: 460, height: 314, anchor: "bottom-left" },
  samples: ["chat", "chat", "chat"],
  make: (stage, root) => new Chat(stage, root),
};

class Chat {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    /** @type {Said[]} */
    this.fresh = [];
    /** @type {Row[]} the longest unused first */
    this.rows = Array.from({ length: stage.options.chat }, () => this.row());
    root.append(...this.rows.map((row) => row.node));
    /** @type {{message_id: string, user_id: string, channel: string, at_ms: number}[]} */
    this.deletions = [];
    this.order = 0;
    this.entered_at = -Infinity;
    this.counters = { deleted: 0 };
  }

  /** @returns {Row} */
  row() {
    const name = text();
    const words = text();
    const nameBox = el("span", "chat-name", name);
    const panel = el("div", "chat-panel", nameBox, el("span", "chat-text", words));
    const node = el("div", "chat-row off", panel);
    return {
      node,
      name,
      words,
      nameBox,
      entrance: entrance(this.stage, panel, "translateX(-.3rem)"),
      said: null,
      until: 0,
    };
  }

  /** @param {Event} event @param {Moment} moment */
  apply(event, { late }) {
    if (event.type === "chat_delete") {
      const { message_id = "", user_id = "", channel = "" } = event.payload;
      this.remove({ message_id, user_id, channel, at_ms: event.ts_ingest_ms });
      return;
    }
    const { user, text: words, user_id = "", message_id = "", channel = "", color = "" } = event.payload;
    const said = { user, user_id, message_id, channel, text: words, color, at_ms: event.ts_ingest_ms, late };
    if (this.deletions.some((deletion) => covers(deletion, said))) {
      this.counters.deleted += 1;
      return;
    }
    this.fresh.push(said);
    if (this.fresh.length > this.rows.length) this.fresh.shift();
  }

  /** @param {{message_id: string, user_id: string, channel: string, at_ms: number}} deletion */
  remove(deletion) {
    this.deletions.push(deletion);
    if (this.deletions.length > DELETIONS) this.deletions.shift();
    const before = this.fresh.length;
    this.fresh = this.fresh.filter((said) => !covers(deletion, said));
    this.counters.deleted += before - this.fresh.length;
    for (const row of this.rows) {
      if (row.said === null || !covers(deletion, row.said)) continue;
      this.counters.deleted += 1;
      this.clear(row);
    }
  }

  /** Gone at once, text and all: a deleted message does not fade. @param {Row} row */
  clear(row) {
    row.said = null;
    this.stage.view.toggle(row.node, "off", true);
    this.stage.view.text(row.words, "");
    this.stage.view.text(row.name, "");
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    const { view } = this.stage;
    for (const said of this.fresh) {
      const row = /** @type {Row} */ (this.rows.shift());
      this.rows.push(row);
      row.said = said;
      row.until = now + SHOWN_MS;
      this.order -= 1; // the column is laid out from the bottom: the least order is the newest
      view.style(row.node, "order", String(this.order));
      view.text(row.name, said.user);
      view.text(row.words, said.text);
      view.style(row.nameBox, "color", nameColor(said.color, said.user));
      view.toggle(row.node, "off", false);
      view.toggle(row.node, "gone", false);
      if (said.late || now - this.entered_at < APART_MS) continue;
      this.entered_at = now;
      view.play(row.entrance);
    }
    this.fresh.length = 0;
    let wake = Infinity;
    for (const row of this.rows) {
      if (row.said === null) continue;
      if (row.until <= now) {
        row.said = null;
        view.toggle(row.node, "gone", true);
      } else wake = Math.min(wake, row.until);
    }
    return wake;
  }
}

/**
 * One message by its id; or what a user, or everybody, said up to the deletion.
 * @param {{message_id: string, user_id: string, channel: string, at_ms: number}} deletion
 * @param {Said} said
 */
function covers(deletion, said) {
  if (deletion.channel !== "" && said.channel !== "" && deletion.channel !== said.channel) return false;
  if (deletion.message_id !== "") return deletion.message_id === said.message_id;
  if (deletion.user_id !== "" && deletion.user_id !== said.user_id) return false;
  return said.at_ms <= deletion.at_ms;
}

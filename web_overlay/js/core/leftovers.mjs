// @ts-check
// States whose last event was a test, and names of tests in labels, and the events that end them. Pure.

import { endsTests, isRehearsed } from "./community.mjs";
import { TYPES as SOCIAL } from "./occasions.mjs";

/** @typedef {import("./types.mjs").Event} Event */

/** By type, the payload that ends a state. @type {Record<string, (payload: any) => Record<string, unknown>>} */
const ENDS = {
  application: ({ application }) => ({ application, status: "gone", connected: false }),
  crosshair: () => ({ on: false }),
  goal: (payload) => ({ ...payload, phase: "canceled" }),
  hype_train: () => ({ phase: "canceled" }),
  poll: () => ({ phase: "canceled", title: "" }),
  prediction: () => ({ phase: "canceled", title: "" }),
  radar: ({ map }) => ({ map, on: false }),
  radar_player: ({ map, number, player }) => ({ map, number, player, on: false }),
  score: () => ({ scores: {} }),
  streak: ({ player }) => ({ player, kills: 0 }),
};
const LABELS = ["latest", "ticker"]; // widgets with names
export const TYPES = Object.keys(ENDS);
const MOST = 200; // states that are remembered

export class Leftovers {
  /** @param {boolean} [named] whether labels may have names of tests: a page that is not told their events does not know */
  constructor(named = false) {
    this.named = named;
    /** The last event of each state. @type {Map<string, Event>} */
    this.last = new Map();
  }

  /** @param {readonly Event[]} events in the order in which they came */
  see(events) {
    for (const event of events) {
      if (endsTests(event, LABELS[0])) this.named = false;
      else if (isRehearsed(event) && SOCIAL.some((type) => type === event.type)) this.named = true;
      if (!Object.hasOwn(ENDS, event.type)) continue;
      const key = event.coalesce_key ?? event.type;
      this.last.delete(key);
      this.last.set(key, event);
      if (this.last.size > MOST) this.last.delete([...this.last.keys()][0]);
    }
  }

  /** @returns {{type: string, payload: Record<string, unknown>}[]} what ends the tests, and nothing of a match or a channel */
  ends() {
    const tests = [...this.last.values()].filter(({ source }) => source === "test");
    const labels = this.named ? LABELS.map((widget) => ({ type: "show", payload: { action: "clear", widget } })) : [];
    return [...tests.map(({ type, payload }) => ({ type, payload: ENDS[type](payload) })), ...labels];
  }
}

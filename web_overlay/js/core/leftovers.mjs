// @ts-check
// States whose last event was a test, and the event that ends each of them. Pure.

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
export const TYPES = Object.keys(ENDS);
const MOST = 200; // states that are remembered

export class Leftovers {
  constructor() {
    /** The last event of each state. @type {Map<string, Event>} */
    this.last = new Map();
  }

  /** @param {readonly Event[]} events in the order in which they came */
  see(events) {
    for (const event of events) {
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
    return tests.map(({ type, payload }) => ({ type, payload: ENDS[type](payload) }));
  }
}

// @ts-check
// What is left of tests on a page, and what ends it. Pure. The gateway does not keep states of tests: a page remembers the
// last real one of each key, and shows it again when the tests end.

/** @typedef {import("./types.mjs").Event} Event */

/** By type, the payload that ends a state; null: nothing ends it. @type {Record<string, (payload: any) => Record<string, unknown> | null>} */
const ENDS = {
  application: ({ application }) => ({ application, status: "gone", connected: false }),
  crosshair: () => ({ on: false }),
  goal: (payload) => ({ ...payload, phase: "canceled" }),
  hype_train: () => ({ phase: "canceled" }),
  obs: () => null,
  obs_source: () => null,
  poll: () => ({ phase: "canceled", title: "" }),
  prediction: () => ({ phase: "canceled", title: "" }),
  radar: ({ map }) => ({ map, on: false }),
  radar_player: ({ map, number, player }) => ({ map, number, player, on: false }),
  scene: () => null,
  score: () => ({ scores: {} }),
  streak: ({ player }) => ({ player, kills: 0 }),
  toggle: () => null,
};
const MOST = 4096; // states that are remembered, as many as the gateway keeps

/** Is it of a test? @param {{source: string}} event */
export const isTest = ({ source }) => source === "test";

/** Does it end the tests? @param {{type: string, payload: any}} event */
export const endsTests = ({ type, payload }) => type === "show" && payload.action === "end_test";

export class Leftovers {
  constructor() {
    /** The last state of each key that was not a test, in the order of the changes. @type {Map<string, Event>} */
    this.real = new Map();
    /** The test that covers a key. @type {Map<string, Event>} */
    this.tests = new Map();
  }

  /** Note an event. @param {Event} event @returns {Event[]} the states that hold after it, if it ends the tests */
  see(event) {
    if (endsTests(event)) return this.end();
    if (!Object.hasOwn(ENDS, event.type)) return [];
    const key = event.coalesce_key ?? event.type;
    this.tests.delete(key);
    const into = isTest(event) ? this.tests : this.real;
    into.delete(key);
    into.set(key, event);
    if (into.size > MOST) into.delete([...into.keys()][0]);
    return [];
  }

  /** @returns {Event[]} the ends of the tests, then the last real states of the same types, in the order of their changes */
  end() {
    const tests = [...this.tests.values()];
    this.tests.clear();
    const types = new Set(tests.map(({ type }) => type));
    const ends = tests.flatMap((/** @type {any} */ event) => {
      const payload = ENDS[event.type](event.payload);
      // With a key of its own: the real state must not replace it before a widget has seen it.
      return payload === null ? [] : [{ ...event, payload, coalesce_key: `end_test:${event.coalesce_key ?? event.type}` }];
    });
    return [...ends, ...[...this.real.values()].filter(({ type }) => types.has(type))];
  }
}

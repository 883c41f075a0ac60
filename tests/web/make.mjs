// @ts-check
// Functions that make frames, welcomes and events for the tests.

/** @typedef {import("../../web_overlay/js/core/types.mjs").Frame} Frame */
/** @typedef {import("../../web_overlay/js/core/types.mjs").Welcome} Welcome */

let made = 0;

/** Any event, also one that no server sends. @param {Record<string, unknown>} [fields] @returns {any} */
export function event(fields = {}) {
  made += 1;
  return {
    ...{
      id: `e${made}`,
      type: "kill",
      category: "normal",
      priority: 3,
      ts_source_ms: null,
      ts_ingest_ms: 0,
      ttl_ms: 0,
    },
    ...{ coalesce_key: null, source: "game", payload: {}, count: 1, position: 0, ...fields },
  };
}

/** @param {Partial<import("../../web_overlay/js/core/types.mjs").Arrival>} [fields] @returns {import("../../web_overlay/js/core/types.mjs").Arrival} */
export function arrival(fields = {}) {
  return { received: 0, tick_ms: 0, origin: "live", ...fields };
}

/** A frame with critical events at first..last. @param {number} first @param {number} last @param {Partial<Frame>} [fields] @returns {Frame} */
export function frame(first, last, fields = {}) {
  const events = [];
  for (let position = Math.max(1, first); position <= last; position += 1) {
    events.push(event({ id: `c${position}`, category: "critical", position }));
  }
  return { t: "frame", epoch: "A", seq: 1, tick_ts_ms: 0, first, last, top: last, replay: false, events, ...fields };
}

/** @param {number} position @param {Partial<Welcome>} [fields] @returns {Welcome} */
export function welcome(position, fields = {}) {
  return {
    ...{ t: "welcome", epoch: "A", top: position, position, mode: "snapshot", recovered: true, missed: null },
    ...{ heartbeat_ms: 2_000, receipt_ms: 100, server_ts_ms: 0, build: "", scheduler: true, state: [], ...fields },
  };
}

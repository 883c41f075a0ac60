// @ts-check
// The entry of the worker: runs the connection, and posts its batches to the page (uplink.mjs).

import { Connection, misunderstood, pack } from "./core/connection.mjs";

/** @typedef {{t: "start", start: import("./core/connection.mjs").Start, time_origin_ms: number}} Begin of the page's clock */

/** @type {Connection | null} */
let connection = null;
const post = /** @type {(message: unknown, transfer?: Transferable[]) => void} */ (/** @type {unknown} */ (postMessage));

/** @param {Begin} begin */
function start(begin) {
  const ahead_ms = performance.timeOrigin - begin.time_origin_ms; // this thread began later than the page
  connection = new Connection(begin.start, {
    ...{ now: () => performance.now() + ahead_ms, random: Math.random, warn: misunderstood },
    post: (batch) => post(...pack(batch)),
  });
  connection.start();
}

addEventListener("message", ({ data }) => {
  if (data.t === "start") start(data);
  else connection?.obey(data);
});
post("ready");

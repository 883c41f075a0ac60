// @ts-check
// The delay before the next attempt: full jitter, so that many overlays do not reconnect at the same time.

export const MIN_MS = 250; // the gateway restarts in less; shorter delays would only load a port without a server
export const MAX_MS = 5_000; // the longest delay of a reconnect
const QUICK_MS = 500; // the first maximum: a killed gateway restarts within half a second
const QUICK = 6; // attempts, which is over the 2 s that a slow machine needs to start it
// On this machine a refused connection costs nothing, and a killed gateway is back after 20 ms. Chromium delays each
// WebSocket of a page by 1 to 5 s x 2^(failures / (successes + 1) - 16), counted over 3 to 6 minutes: 20 failures after
// one success cost 40 ms, 30 more than a second. So the pauses grow after the first attempts.
const NEAR_MIN_MS = 10;
const NEAR_QUICK = 8;
const NEAR_MAX_MS = 1_000; // a start of the pipeline takes half a second
const STEADY_MS = 5_000;
const NEAR_STEADY_MS = 1_000;

/** How long does a good connection last, after which attempts are counted from 0? @param {boolean} near @returns {number} ms */
export function steady(near) {
  return near ? NEAR_STEADY_MS : STEADY_MS;
}

/**
 * @param {number} attempt 0 for the first after a good connection
 * @param {() => number} random 0 ≤ x < 1
 * @returns {number} ms, MIN_MS to MAX_MS
 */
export function delay(attempt, random) {
  const ceiling = Math.min(MAX_MS, QUICK_MS * 2 ** Math.min(Math.max(0, attempt - QUICK + 1), 10));
  return MIN_MS + random() * (ceiling - MIN_MS);
}

/**
 * The delay on the machine of the gateway.
 * @param {number} attempt
 * @param {() => number} random
 */
export function nearDelay(attempt, random) {
  const least = NEAR_MIN_MS * 2 ** Math.max(0, attempt - NEAR_QUICK + 1);
  return Math.min(NEAR_MAX_MS, least * (1 + random()));
}

/**
 * What a close code asks for (docs/wire.md, "Close codes").
 * @param {number} code
 * @param {number} attempt
 * @param {() => number} random
 * @param {boolean} [near] the gateway is on this machine
 * @returns {number | null | "reload"} ms to wait, null for never, "reload" for a fresh page
 */
export function afterClose(code, attempt, random, near = false) {
  if (code === 4504) return "reload";
  if (code === 1009 || (code >= 4500 && code <= 4999)) return null;
  if (code === 4029) return 5_000 + random() * MIN_MS;
  if (near) return nearDelay(attempt, random);
  return code === 4000 && attempt === 0 ? random() * MIN_MS : delay(attempt, random);
}

/** Is this the name of the machine itself? @param {string} hostname of a URL */
export function isNear(hostname) {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

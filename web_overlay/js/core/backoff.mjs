// @ts-check
// The delay before the next attempt: full jitter, so that many overlays do not reconnect at the same time.

export const MIN_MS = 250; // the gateway restarts in less; shorter delays would only load a port without a server
export const MAX_MS = 5_000; // the longest delay of a reconnect
const QUICK_MS = 500; // the first maximum: a killed gateway restarts within half a second
const QUICK = 6; // attempts, which is over the 2 s that a slow machine needs to start it
const NEAR_MIN_MS = 100; // on this machine a refused connection costs nothing
const NEAR_MAX_MS = 250;
export const STEADY_MS = 5_000; // a connection that lasted this long was a good one

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
  if (code === 4000 && attempt === 0) return random() * MIN_MS;
  return near ? NEAR_MIN_MS + random() * (NEAR_MAX_MS - NEAR_MIN_MS) : delay(attempt, random);
}

/** Is this the name of the machine itself? @param {string} hostname of a URL */
export function isNear(hostname) {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

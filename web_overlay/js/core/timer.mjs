// @ts-check
// A timer of a score at a time of the server's clock. Pure.

const OVER_MS = 10_000; // a timer that has run out stays so long; then no source continues it
const LOW_S = 10;
const DAY_MS = 86_400_000; // a longer time is an error of the sender

/** @typedef {{text: string, share: number, low: boolean, paused: boolean, next_ms: number}} Reading `share`: 0 if the whole is unknown; `next_ms`: how long it stays so */

/** @param {import("./events.js").Timer | null} timer @param {number} server_ms @returns {Reading | null} */
export function readTimer(timer, server_ms) {
  const { ts_ends_ms = 0, remaining_ms = 0, total_ms = 0 } = timer ?? {};
  const paused = !(ts_ends_ms > 0);
  const left_ms = paused ? remaining_ms : ts_ends_ms - server_ms;
  if ((paused && left_ms <= 0) || !(left_ms > -OVER_MS && left_ms <= DAY_MS)) return null;
  const seconds = Math.max(0, Math.ceil(left_ms / 1_000));
  const share = total_ms > 0 ? Math.min(1, (seconds * 1_000) / total_ms) : 0;
  // Words and line change together, when the next whole second is left.
  const next_ms = paused ? Infinity : seconds === 0 ? left_ms + OVER_MS : left_ms - (seconds - 1) * 1_000;
  return { text: clockOf(seconds), share, low: !paused && seconds <= LOW_S, paused, next_ms };
}

/** "1:05", "1:00:05". @param {number} seconds */
function clockOf(seconds) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

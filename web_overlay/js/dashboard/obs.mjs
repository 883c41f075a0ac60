// @ts-check
// The state of an OBS in words. Pure.

/** @typedef {import("./judge.mjs").Verdict} Verdict */

/** @param {import("../core/events.js").Obs} state of an OBS @returns {Verdict[]} what it does; nothing if it is closed */
export function obsVerdicts({ streaming, reconnecting, recording, recording_paused, replay_buffer, connected = true }) {
  if (!connected) return [];
  /** @type {Verdict[]} */
  const found = [{ tone: "", word: streaming ? "streaming" : "not streaming" }];
  if (reconnecting) found[0] = { tone: "bad", word: "stream interrupted, OBS reconnects" };
  if (recording) found.push(recording_paused ? { tone: "warn", word: "recording paused" } : { tone: "", word: "recording" });
  if (replay_buffer) found.push({ tone: "", word: "replay buffer" });
  return found;
}

// @ts-check
// The state of a source → a word and a tone. Pure.

import { rows, word } from "./format.mjs";

/** @typedef {import("./judge.mjs").Verdict} Verdict */
/** @typedef {import("./judge.mjs").Row} Row */

/** @type {Record<string, Verdict>} */
const SOURCES = {
  live: { tone: "", word: "live" },
  waiting: { tone: "", word: "waiting" },
  connecting: { tone: "warn", word: "connecting" },
  silent: { tone: "warn", word: "silent", remedy: "Connected, but no messages arrive. Is the game running or the channel live?" },
  degraded: { tone: "warn", word: "degraded", remedy: "It works, but a part of it is missing." },
  refused: { tone: "bad", word: "refused" }, // its own sentence says why, and what helps
};

/** @type {Verdict} */
const WAITS = { tone: "bad", word: "waits for a login" };

/** @param {Row} source @returns {Verdict} */
export function sourceVerdict(source) {
  const state = String(source.state ?? "");
  if (waits(source)) return WAITS;
  return Object.hasOwn(SOURCES, state) ? SOURCES[state] : { tone: "warn", word: word(source.state) };
}

/** @param {Row} source refused after a login: for another reason */
const waits = ({ state, login }) => state === "refused" && login && login.state !== "done";

/** The names of the sources that wait for a login. @param {any} status of /api/status */
export function waiting(status) {
  return rows(status.sources).filter(waits).map(({ name }) => word(name));
}

/** The alerts, without those of listed sources and overlays: their rows say the same, with a reason. @param {any} status of /api/status */
export function alertsOf(status) {
  const listed = new Set([
    ...rows(status.sources).map(({ name }) => `source ${word(name)}`),
    ...[...rows(status.clients), ...rows(status.lost)].map(({ overlay_id }) => `overlay ${word(overlay_id)}`),
  ]);
  return rows(status.alerts).filter(({ key, name }) => !listed.has(`${word(key).split(".")[0]} ${word(name)}`));
}

/** Why a source is in its state. The command is left out where a button does the same. @param {Row} source @returns {string} */
export function reasonOf({ detail = "", login }) {
  if (!login) return String(detail);
  return String(detail).replace(/[.;] [Ll]og in(?: again)?: \S+ login [a-z]+ --source [a-z0-9._-]*[a-z0-9](?=(.?))/, (_, next) => (next === ";" ? "" : "."));
}

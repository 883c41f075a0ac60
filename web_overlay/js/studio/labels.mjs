// @ts-check
// Texts of the address form: label, allowed values and suggestions of each parameter.

import { NAMES } from "../core/governor.mjs";
import { PARAMS } from "../core/params.mjs";

export const HIDDEN = ["journal", "format", "transport", "worker", "design", "preview"]; // for tests and development

/** @type {Record<string, string>} what a text may be, as a hint; the user may have others */
export const HINTS = { player: "all players alike", scene: "as scene events say", goal: "subscription:98:150", bg: "checker, black, white, game or 1b2a3a" };

/** @type {Record<string, string>} what is taken, where a parameter has neither a list nor bounds */
const EXPECTED = {
  overlay_id: "up to 64 of A-Z a-z 0-9 . _ -",
  scene: "up to 32 of A-Z a-z 0-9 _ -",
  goal: "KIND:START:TARGET, such as subscription:98:150",
  player: "up to 64 characters",
  bg: "checker, black, white, game or six digits of a colour",
};

/** @type {Record<string, string>} */
export const LABELS = {
  overlay_id: "Overlay id (whose layout)",
  scene: "Scene (fixed)",
  theme: "Theme",
  lang: "Language",
  player: "Streamer's player name or id",
  scale: "Scale of all widgets",
  motion: "Motion",
  quality: "Quality",
  kills: "Rows of the killfeed",
  chat: "Messages of the chat",
  ttl: "Seconds of a chat message (0: until it has no room)",
  bg: "Background (in a browser, never in OBS)",
  safe: "Show the safe area",
  hud: "Show figures",
  mute: "No sound",
  volume: "Volume of sounds (0 to 100)",
  on_reload: "After a reload start",
  goal: "Goal that the page counts (kind:start:target)",
  widgets: "Only these widgets",
};

/** The label of a value of a list. @param {string} name of the parameter @param {string} value @returns {string} */
export function labelOf(name, value) {
  if (value === "") return "default";
  if (name === "quality") return value === "auto" ? "automatic" : `${value}: ${NAMES[Number(value)]}`;
  const isSwitch = PARAMS[name].values?.join() === "0,1";
  return isSwitch ? (value === "1" ? "yes" : "no") : value;
}

/** @param {string} name @returns {string} */
export function expected(name) {
  const { values, low, high } = PARAMS[name];
  if (low !== undefined) return `${low} to ${high}`;
  return values?.join(", ") ?? EXPECTED[name] ?? "another value";
}

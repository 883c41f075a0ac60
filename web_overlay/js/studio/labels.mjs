// @ts-check
// Texts of the address form: label, allowed values and suggestions of each parameter.

import { PARAMS } from "../core/params.mjs";

/** @type {Record<string, string>} what a text may be, as a hint; the user may have others */
export const HINTS = { theme: "broadcast, or the name of your own", player: "all players alike", scene: "as scene events say" };

/** @type {Record<string, string[]>} what is offered beside a text of the user's own */
export const OFFERS = { theme: ["broadcast", "minimal", "high-contrast"] };

/** @type {Record<string, string>} what is taken, where a parameter has neither a list nor bounds */
const EXPECTED = {
  overlay_id: "up to 64 of A-Z a-z 0-9 . _ -",
  theme: "a small letter or digit, then up to 31 of a-z 0-9 _ -",
  scene: "up to 32 of A-Z a-z 0-9 _ -",
  goal: "KIND:START:TARGET, such as subscription:98:150",
  player: "up to 64 characters",
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
  safe: "Show the safe area",
  hud: "Show figures",
  mute: "No sound",
  on_reload: "After a reload start",
};

/** @param {string} name @returns {string} */
export function expected(name) {
  const { values, low, high } = PARAMS[name];
  if (low !== undefined) return `${low} to ${high}`;
  return values?.join(", ") ?? EXPECTED[name] ?? "another value";
}

// @ts-check
// A chat message → the parts that are shown, at most as many as a row can show.

import { clean } from "./clean.mjs";

/** @typedef {{kind: "text" | "mention" | "own" | "emote" | "cheer", text: string, image: string}} Part */

export const PARTS = 16; // places of a row; a message with more of them ends in text
export const BADGES = 3;
export const LETTERS = 200; // graphemes of a message: what three lines hold, with room to spare
export const NAME_LETTERS = 30;

const IMAGE = /^([a-z0-9-]{1,16})\/([\w-]{1,80})$/;
const MENTION = /(@[\p{L}\p{N}_]{2,32})/u;

/**
 * @param {any} payload of a `chat` event
 * @param {string} own the streamer's name, in lower case; "" is not known
 * @returns {Part[]}
 */
export function partsOf({ text, fragments = [], channel = "" }, own) {
  /** @type {Part[]} */
  const parts = [];
  const mine = [own, channel.toLowerCase()].filter(Boolean);
  for (const part of fragments.length > 0 ? fragments : plain(text)) add(parts, part, mine);
  return shorten(parts);
}

/** A message that came as text alone. @param {string} text */
function plain(text) {
  return text
    .slice(0, LETTERS * 16)
    .split(MENTION)
    .filter(Boolean)
    .map((piece) => ({ kind: MENTION.test(piece) ? "mention" : "text", text: piece, image: "" }));
}

/** @param {Part[]} parts @param {any} part @param {string[]} mine */
function add(parts, { kind, text, image = "" }, mine) {
  const path = pathOf(image);
  const last = parts.at(-1);
  if (parts.length === PARTS && last !== undefined) {
    // No place is left: the rest is text behind the last part.
    if (last.kind === "text") last.text += text;
    else parts[PARTS - 1] = { kind: "text", text: `${last.text} ${text}`, image: "" };
  } else if (kind === "mention") {
    parts.push({ kind: mine.includes(text.replace(/^@/, "").toLowerCase()) ? "own" : "mention", text, image: "" });
  } else if (kind === "cheer" || (kind === "emote" && path !== "")) parts.push({ kind, text, image: path });
  else if (last?.kind === "text") last.text += text;
  else parts.push({ kind: "text", text, image: "" });
}

/** @param {Part[]} parts */
function shorten(parts) {
  let left = LETTERS;
  for (const part of parts) {
    part.text = left > 0 ? clean(part.text, left) : "";
    left -= part.image === "" ? part.text.length : 2;
  }
  return parts.filter(({ text, image }) => text !== "" || image !== "");
}

/** @param {string} image `PROVIDER/ID` @returns {string} where the gateway has it, or "" */
export function pathOf(image) {
  return IMAGE.test(image) ? `/media/emote/${image}` : "";
}

/**
 * The badges that can be shown: those with a picture, and the roles that have an icon of ours.
 * @param {any} payload
 * @param {(role: string) => boolean} known
 * @returns {{role: string, image: string}[]}
 */
export function badgesOf({ badges = [], badge_images = [] }, known) {
  return badges
    .map((/** @type {string} */ badge, /** @type {number} */ at) => ({
      role: badge.split("/")[0],
      image: pathOf(badge_images[at] ?? ""),
    }))
    .filter((/** @type {{role: string, image: string}} */ { role, image }) => image !== "" || known(role))
    .slice(0, BADGES);
}

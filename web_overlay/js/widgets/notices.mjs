// @ts-check
// The texts of an event on a banner. banner.mjs shows them.

import { FIRST, SECOND } from "../core/ranks.mjs";
import { ICONS } from "./icons.mjs";

/** @typedef {import("../core/events.js").EventOf<typeof GAME[number]>} GameEvent */
/**
 * @typedef {object} Notice
 * @property {string} icon a path of icons.mjs
 * @property {"info" | "good" | "bad" | "warm" | "social"} tone
 * @property {string} eyebrow the small line above
 * @property {string} title
 * @property {string} detail the line below; may be empty
 * @property {number} hold_ms
 * @property {import("../core/ranks.mjs").Rank} [rank] SECOND, unless it says otherwise
 * @property {boolean} [test] it is of a test
 * @property {string} [key] a later notice with the same key replaces it
 */

export const GAME = /** @type {const} */ (["alert_start", "alert_end", "round", "objective"]);

const BOMB = ["planted", "defusing", "defused", "exploded"]; // actions of an objective

/** @type {Record<string, {tone: Notice["tone"], icon: string}>} */
const OUTCOMES = {
  win: { tone: "good", icon: ICONS.trophy },
  loss: { tone: "bad", icon: ICONS.down },
  draw: { tone: "info", icon: ICONS.equal },
  canceled: { tone: "info", icon: ICONS.clock },
  over: { tone: "info", icon: ICONS.flag },
};

/** @type {Record<string, number>} how long it is shown; freeze time is no news */
const PHASES_MS = { match_start: 4_000, start: 1_800, end: 3_500, match_end: 6_000 };

/**
 * @param {GameEvent} event
 * @param {import("../core/text.mjs").Texts} texts
 * @param {Readonly<Record<string, unknown>>} names of teams, as the score has them
 * @returns {Notice | null}
 */
export function gameNotice({ type, payload }, texts, names = {}) {
  switch (type) {
    case "alert_start":
      return {
        icon: ICONS.bell,
        tone: "warm",
        eyebrow: texts.text("alert.label"),
        title: payload.title,
        detail: payload.subtitle ?? "",
        hold_ms: 6_000,
        key: `alert:${payload.alert}`,
      };
    case "alert_end": {
      const name = Object.hasOwn(OUTCOMES, payload.outcome ?? "") ? String(payload.outcome) : "over";
      const outcome = OUTCOMES[name];
      const detail = payload.subtitle || (payload.title ? payload.title : "");
      return {
        icon: outcome.icon,
        tone: outcome.tone,
        eyebrow: texts.text("alert.ended"),
        title: texts.text(`alert.${name}`),
        detail,
        hold_ms: 7_000,
        key: `alert:${payload.alert}`,
      };
    }
    case "round": {
      // A game server says that a round is over right after it has said who won; once is enough.
      if (!Object.hasOwn(PHASES_MS, payload.phase) || (payload.phase === "end" && !payload.winner && !payload.reason)) return null;
      const phase = texts.text(`round.${payload.phase}`);
      const winner = payload.winner ? texts.text("round.winner", { team: teamName(payload.winner, texts, names) }) : "";
      return {
        icon: ICONS.flag,
        tone: "info",
        eyebrow: winner === "" ? texts.text("round.label") : phase,
        title: winner === "" ? phase : winner,
        detail: spaced(payload.reason ?? ""),
        hold_ms: PHASES_MS[payload.phase],
        rank: payload.phase === "match_end" ? FIRST : SECOND,
        key: "round",
      };
    }
    default:
      return {
        icon: BOMB.includes(payload.action) ? ICONS.bomb : ICONS.target,
        tone: "warm",
        eyebrow: texts.text("objective.label"),
        title: [deed(payload.action, texts), spaced(payload.target ?? "")].filter(Boolean).join(" · "),
        detail: payload.player?.name ?? "",
        hold_ms: 3_500,
      };
  }
}

/** What was done at an objective. @param {string} action @param {import("../core/text.mjs").Texts} texts */
function deed(action, texts) {
  return (BOMB.includes(action) && texts.text(`objective.${action}`)) || capital(spaced(action));
}

/** @param {string} team @param {import("../core/text.mjs").Texts} texts @param {Readonly<Record<string, unknown>>} names */
function teamName(team, texts, names) {
  return String((Object.hasOwn(names, team) && names[team]) || texts.text(`team.${team}`) || team);
}

/** "bomb_planted" → "bomb planted". @param {string} word */
function spaced(word) {
  return word.replaceAll("_", " ").trim();
}

/** @param {string} words */
function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// @ts-check
// The texts of an event on a banner. banner.mjs shows them.

import { FIRST, SECOND } from "../core/ranks.mjs";
import { ICONS } from "./icons.mjs";

/** @typedef {import("../core/events.js").EventOf<typeof GAME[number]>} GameEvent */
/** @typedef {import("./banner.mjs").Notice} Notice */

export const GAME = /** @type {const} */ (["alert_start", "alert_end", "round", "objective"]);

/** @type {Record<string, {word: string, tone: Notice["tone"], icon: string}>} */
const OUTCOMES = {
  win: { word: "Victory", tone: "good", icon: ICONS.trophy },
  loss: { word: "Defeat", tone: "bad", icon: ICONS.down },
  draw: { word: "Draw", tone: "info", icon: ICONS.equal },
  canceled: { word: "Canceled", tone: "info", icon: ICONS.clock },
  over: { word: "Over", tone: "info", icon: ICONS.flag },
};

/** @type {Record<string, {word: string, hold_ms: number}>} freeze time is no news */
const PHASES = {
  match_start: { word: "Match begins", hold_ms: 4_000 },
  start: { word: "Round begins", hold_ms: 1_800 },
  end: { word: "Round over", hold_ms: 3_500 },
  match_end: { word: "Match over", hold_ms: 6_000 },
};

/** @param {GameEvent} event @returns {Notice | null} */
export function gameNotice({ type, payload }) {
  switch (type) {
    case "alert_start":
      return {
        icon: ICONS.bell,
        tone: "warm",
        eyebrow: "Alert",
        title: payload.title,
        detail: payload.subtitle ?? "",
        hold_ms: 6_000,
        key: `alert:${payload.alert}`,
      };
    case "alert_end": {
      const outcome = OUTCOMES[payload.outcome ?? "over"] ?? OUTCOMES.over;
      const detail = payload.subtitle || (payload.title ? payload.title : "");
      return {
        icon: outcome.icon,
        tone: outcome.tone,
        eyebrow: "Alert ended",
        title: outcome.word,
        detail,
        hold_ms: 7_000,
        key: `alert:${payload.alert}`,
      };
    }
    case "round": {
      const phase = PHASES[payload.phase];
      // A game server says that a round is over right after it has said who won; once is enough.
      if (phase === undefined || (payload.phase === "end" && !payload.winner && !payload.reason)) return null;
      const winner = payload.winner ? `${payload.winner} win` : "";
      return {
        icon: ICONS.flag,
        tone: "info",
        eyebrow: winner === "" ? "Match" : phase.word,
        title: winner === "" ? phase.word : winner,
        detail: spaced(payload.reason ?? ""),
        hold_ms: phase.hold_ms,
        rank: payload.phase === "match_end" ? FIRST : SECOND,
        key: "round",
      };
    }
    default:
      return {
        icon: ICONS.target,
        tone: "warm",
        eyebrow: "Objective",
        title: [capital(spaced(payload.action)), spaced(payload.target ?? "")].filter(Boolean).join(" · "),
        detail: payload.player?.name ?? "",
        hold_ms: 3_500,
      };
  }
}

/** "bomb_planted" → "bomb planted". @param {string} word */
function spaced(word) {
  return word.replaceAll("_", " ").trim();
}

/** @param {string} words */
function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

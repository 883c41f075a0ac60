// @ts-check
// What an event says on a banner. Words only; how they are shown is banner.mjs.

import { ICONS } from "./icons.mjs";

/** @typedef {import("../core/events.js").EventOf<typeof GAME[number]>} GameEvent */
/** @typedef {import("../core/events.js").EventOf<typeof SOCIAL[number]>} SocialEvent */
/** @typedef {import("./banner.mjs").Notice} Notice */

export const GAME = /** @type {const} */ (["alert_start", "alert_end", "round", "objective"]);
export const SOCIAL = /** @type {const} */ (["follow", "subscription", "raid", "cheer"]);

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
        key: "round",
      };
    }
    default:
      return {
        icon: ICONS.target,
        tone: "warm",
        eyebrow: "Objective",
        title: [spaced(payload.action), spaced(payload.target ?? "")].filter(Boolean).join(" · "),
        detail: payload.player?.name ?? "",
        hold_ms: 3_500,
      };
  }
}

/** @param {SocialEvent} event @returns {Notice | null} */
export function socialNotice({ type, payload }) {
  const base = { tone: /** @type {Notice["tone"]} */ ("social"), title: payload.user, detail: "", hold_ms: 5_000 };
  switch (type) {
    case "follow":
      return { ...base, icon: ICONS.heart, eyebrow: "New follower" };
    case "subscription": {
      const { months: count = 0 } = payload;
      const months = count > 1 ? `${count} months` : "";
      const gift = payload.gifted_by ? `a gift from ${payload.gifted_by}` : "";
      const facts = [tier(payload.tier ?? ""), months, gift].filter(Boolean).join(" · ");
      return {
        ...base,
        icon: ICONS.star,
        eyebrow: facts === "" ? "Subscribed" : `Subscribed · ${facts}`,
        detail: payload.text ?? "",
        hold_ms: 6_500,
      };
    }
    case "raid":
      return {
        ...base,
        icon: ICONS.people,
        eyebrow: "Raid",
        detail: `with ${grouped(payload.viewers ?? 0)} ${payload.viewers === 1 ? "viewer" : "viewers"}`,
        hold_ms: 8_000,
      };
    default:
      return {
        ...base,
        icon: ICONS.gem,
        eyebrow: `Cheered ${grouped(payload.bits)} bits`,
        detail: payload.text ?? "",
        hold_ms: 6_000,
      };
  }
}

/** Twitch says 1000, 2000, 3000 or Prime. @param {string} word */
function tier(word) {
  if (word === "") return "";
  const level = /^([123])000$/.exec(word);
  return level ? `Tier ${level[1]}` : spaced(word);
}

/** "bomb_planted" → "bomb planted". @param {string} word */
function spaced(word) {
  return word.replaceAll("_", " ").trim();
}

/** 12345 → "12 345", with a narrow space that does not break. @param {number} value */
export function grouped(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

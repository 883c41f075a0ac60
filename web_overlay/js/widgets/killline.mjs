// @ts-check
// What an event says in the killfeed: who, how, whom. Words only; how they are shown is killrow.mjs.

import { ICONS } from "./icons.mjs";
import { isMine, pairOf, side } from "./player.mjs";

const STREAK = 3; // from here a streak is worth a colour

/** @typedef {import("./player.mjs").Side} Side */
/** @typedef {import("../core/events.js").EventOf<"kill" | "headshot" | "death" | "revive" | "revive_taken">} Killing */
/**
 * `with` is who helped, `means` the weapon or the cause, `key` the killing that other events may belong to, `at` when
 * it came, `mine` whether the streamer is in it, `streak` the attacker's kills up to this one, 0 when they are not worth a word.
 * @typedef {{kind: "kill" | "death" | "revive", left: Side | null, right: Side | null, with: string, means: string,
 *   icon: string, streak: number, mine: boolean, key: string, at: number, late: boolean}} Line
 */

/**
 * @param {Killing} event
 * @param {string} mine the streamer (player.mjs)
 * @returns {Omit<Line, "at" | "late">}
 */
export function lineOf({ type, payload }, mine) {
  const base = { left: null, right: null, with: "", means: "", icon: "", streak: 0, mine: false, key: "" };
  if (type === "death") {
    const { victim, cause = "" } = payload;
    return { ...base, kind: "death", right: side(victim), means: cause, icon: ICONS.skull, mine: isMine(mine, victim) };
  }
  if (type === "revive" || type === "revive_taken") {
    const { medic, revived } = payload;
    const ours = type === "revive_taken" || isMine(mine, medic);
    return { ...base, kind: "revive", left: side(medic), right: side(revived), icon: ICONS.cross, mine: ours };
  }
  const { attacker, victim = null, weapon = "" } = payload;
  const streak = type === "kill" ? (payload.streak ?? 0) : 0;
  return {
    ...base,
    kind: "kill",
    left: side(attacker),
    right: victim === null ? null : side(victim),
    means: weapon,
    icon: type === "headshot" || payload.headshot ? ICONS.headshot : "",
    streak: streak >= STREAK ? streak : 0,
    mine: isMine(mine, attacker) || (victim !== null && isMine(mine, victim)),
    key: pairOf(attacker, victim),
  };
}

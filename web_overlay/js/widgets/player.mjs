// @ts-check
// Players in events, and the streamer (`?player=`).

import { cleanName } from "../core/clean.mjs";
import { isSecond, teamColor } from "../core/color.mjs";

/** @typedef {import("../core/events.js").Player} Player */
/** @typedef {{name: string, color: string, second: boolean}} Side */

export const LETTERS = 64; // of a name, as long as an event allows: the width of its place cuts it

/** @param {Player} player @returns {Side} */
export function side(player) {
  const team = player.team ?? "";
  return { name: cleanName(player.name, LETTERS), color: teamColor(team), second: isSecond(team) };
}

/**
 * Is this the streamer?
 * @param {string} mine an id or a name in lower case; "" is none
 * @param {Player} player
 */
export function isMine(mine, player) {
  return mine !== "" && (player.id.toLowerCase() === mine || player.name.toLowerCase() === mine);
}

/** One killing, as several events may report it. @param {Player} attacker @param {Player | null} [victim] @returns {string} */
export function pairOf(attacker, victim) {
  return `${attacker.id}\n${victim?.id ?? ""}`;
}

/** Did the victim belong to the attacker's own team? @param {Player} attacker @param {Player | null} victim */
export function isTeamKill(attacker, victim) {
  const team = attacker.team ?? "";
  return team !== "" && victim?.team === team && victim.id !== attacker.id;
}

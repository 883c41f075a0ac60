// @ts-check
// Players as events name them, and the one whose stream this is (`?player=`).

import { teamColor } from "../core/color.mjs";

/** @typedef {import("../core/events.js").Player} Player */
/** @typedef {{name: string, color: string}} Side */

/** @param {Player} player @returns {Side} */
export function side(player) {
  return { name: player.name, color: teamColor(player.team ?? "") };
}

/**
 * Is this the streamer?
 * @param {string} mine an id or a name in lower case; "" is nobody
 * @param {Player} player
 */
export function isMine(mine, player) {
  return mine !== "" && (player.id.toLowerCase() === mine || player.name.toLowerCase() === mine);
}

/** One killing, as several events may report it. @param {Player} attacker @param {Player | null} [victim] @returns {string} */
export function pairOf(attacker, victim) {
  return `${attacker.id}\n${victim?.id ?? ""}`;
}

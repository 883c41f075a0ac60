// @ts-check
// Players as events name them, and the one whose stream this is (`?player=`).

import { teamColor } from "../core/color.mjs";

/** @typedef {{name: string, color: string}} Side */

/** @param {any} player a Player of docs/events.md @returns {Side} */
export function side(player) {
  return { name: player.name, color: teamColor(player.team ?? "") };
}

/**
 * Is this the streamer?
 * @param {string} mine an id or a name in lower case; "" is nobody
 * @param {any} player
 */
export function isMine(mine, player) {
  return mine !== "" && (player.id.toLowerCase() === mine || player.name.toLowerCase() === mine);
}

/** One killing, whoever reports it. @param {any} attacker @param {any} victim @returns {string} */
export function pairOf(attacker, victim) {
  return `${attacker.id}\n${victim?.id ?? ""}`;
}

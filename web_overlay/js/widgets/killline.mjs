// @ts-check
// The texts of an event in the killfeed: attacker, weapon, victim. killrow.mjs shows them.

import { cleanName } from "../core/clean.mjs";
import { isTest } from "../core/leftovers.mjs";
import { LETTERS, isMine, isTeamKill, pairOf, side } from "./player.mjs";
import { weaponOf } from "./weapons.mjs";

const STREAK = 3; // from this number of kills on a streak is shown

/** @typedef {import("./player.mjs").Side} Side */
/** @typedef {import("../core/events.js").EventOf<"kill" | "headshot" | "death" | "revive" | "revive_taken">} Killing */
/** @typedef {"head" | "wall" | "noscope" | "flash" | "team" | "dead" | "revive"} Flag what an icon tells; killrow.mjs draws them */
/**
 * `with` is who helped, `weapon` also the cause of a death, `key` the killing that other events may belong to, `at` when
 * it came, `mine` whether the streamer is in it, `streak` the attacker's kills up to this
 * one, 0 when they are not worth a word.
 * @typedef {{kind: "kill" | "death" | "revive", left: Side | null, right: Side | null, with: string, flags: Flag[],
 *   weapon: import("./weapons.mjs").Weapon, streak: number, mine: boolean, key: string, at: number, late: boolean, position: number, test: boolean}} Line
 */

/**
 * @param {Killing} event
 * @param {string} mine the streamer (player.mjs)
 * @returns {Omit<Line, "at" | "late" | "position">}
 */
export function lineOf({ type, payload, source }, mine) {
  const base = { test: isTest({ source }), left: null, right: null, with: "", weapon: weaponOf(""), streak: 0, mine: false, key: "" };
  if (type === "death") {
    const { victim, cause = "" } = payload;
    const weapon = weaponOf(cause);
    return { ...base, kind: "death", right: side(victim), weapon, flags: ["dead"], mine: isMine(mine, victim) };
  }
  if (type === "revive" || type === "revive_taken") {
    const { medic, revived } = payload;
    const ours = type === "revive_taken" || isMine(mine, medic) || isMine(mine, revived);
    return { ...base, kind: "revive", left: side(medic), right: side(revived), flags: ["revive"], mine: ours };
  }
  const { attacker, victim = null, weapon = "" } = payload;
  const streak = type === "kill" ? (payload.streak ?? 0) : 0;
  return {
    ...base,
    kind: "kill",
    left: side(attacker),
    right: victim === null ? null : side(victim),
    weapon: type === "kill" ? known(weapon, payload.weapon_category) : weaponOf(weapon),
    flags: flagsOf({ penetrated: false, headshot: type === "headshot", ...payload }),
    with: type === "kill" ? cleanName(payload.assister?.name ?? "", LETTERS) : "",
    streak: streak >= STREAK ? streak : 0,
    mine: isMine(mine, attacker) || (victim !== null && isMine(mine, victim)),
    key: pairOf(attacker, victim),
  };
}

/** The weapon by its name; its icon by its category when the name has none. @param {string} weapon @param {string} [category] */
function known(weapon, category = "") {
  const { icon, name } = weaponOf(weapon);
  return { icon: icon || weaponOf(category).icon, name };
}

/** @typedef {import("../core/events.js").Player} Player */
/**
 * @param {{attacker: Player, victim?: Player | null, headshot?: boolean, penetrated?: boolean,
 *   noscope?: boolean, team_kill?: boolean}} kill @returns {Flag[]} */
function flagsOf({ attacker, victim = null, headshot = false, penetrated = false, noscope = false, team_kill = false }) {
  /** @type {[boolean, Flag][]} */
  const told = [
    [penetrated, "wall"],
    [noscope, "noscope"],
    [headshot, "head"],
    [team_kill || isTeamKill(attacker, victim), "team"],
  ];
  return told.filter(([is]) => is).map(([, flag]) => flag);
}

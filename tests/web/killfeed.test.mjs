// @ts-check
// Content of the killfeed: weapons by class and readable name, and the flags of a kill.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lineOf } from "../../web_overlay/js/widgets/killline.mjs";
import { ART } from "../../web_overlay/js/widgets/weaponart.mjs";
import { weaponOf } from "../../web_overlay/js/widgets/weapons.mjs";

const WEAPONS = [
  ["usp_silencer", "pistol", "USP-S"],
  ["ak47", "ak", "AK-47"],
  ["weapon_awp", "sniper", "AWP"],
  ["m4a1", "rifle", "M4A4"],
  ["knife_flip", "knife", "Flip Knife"],
  ["knife_m9_bayonet", "knife", "M9 Bayonet"],
  ["decoy_projectile", "flash", "Decoy"],
  ["inferno", "fire", "Fire"],
  ["planted_c4", "bomb", "C4"],
  ["plasma_rifle", "rifle", "Plasma rifle"],
  ["VX6-7 Sniper", "sniper", "VX6-7 Sniper"],
  ["Vanguard", "tank", "Vanguard"],
  ["warp_core", "", "Warp core"],
  ["constructor", "", "Constructor"],
  ["", "", ""],
];
for (const [id, icon, name] of WEAPONS) {
  test(`weapon: "${id}" is "${name}" with the icon "${icon}"`, () => assert.deepEqual(weaponOf(id), { icon, name }));
}

test("weapon: a name of a stranger is bounded, keeps to its line and turns no text", () => {
  assert.equal(weaponOf(`x${"\u0301".repeat(99)}\u202ey`).name, "X\u0301\u0301\u0301 y");
  assert.equal(weaponOf("W".repeat(99)).name, `${"W".repeat(64)}…`);
});

test("weapon: every class has an icon", () => {
  for (const [name, { d, box }] of Object.entries(ART)) {
    assert.match(d, /^[Mm][\d\s.,a-zA-Z-]+$/, name);
    assert.match(box, /^-?\d+ -?\d+ \d+ \d+$/, name);
  }
});

const ct = (/** @type {string} */ id) => ({ id, name: id, team: "CT" });
const t = (/** @type {string} */ id) => ({ id, name: id, team: "T" });
/** @type {[Record<string, unknown>, string[]][]} */
const FLAGS = [
  [{ victim: t("b") }, []],
  [{ victim: t("b"), headshot: true, penetrated: true }, ["wall", "head"]],
  [{ victim: t("b"), headshot: true, noscope: true }, ["noscope", "head"]],
  [{ victim: ct("b") }, ["team"]],
  [{ victim: ct("a") }, []],
  [{ victim: { id: "b", name: "b", team: "" }, attacker: { id: "a", name: "a", team: "" } }, []],
];
for (const [fields, flags] of FLAGS) {
  test(`killfeed: ${JSON.stringify(fields)} has the flags ${flags}`, () => {
    const payload = /** @type {any} */ ({ attacker: ct("a"), weapon: "ak47", ...fields });
    assert.deepEqual(lineOf(/** @type {any} */ ({ type: "kill", payload }), "").flags, flags);
  });
}

test("killfeed: a separate headshot has the flag, with or without a victim", () => {
  const event = /** @type {any} */ ({ type: "headshot", payload: { attacker: ct("a"), weapon: "awp" } });
  const line = lineOf(event, "a");
  assert.deepEqual([line.flags, line.right, line.mine, line.streak], [["head"], null, true, 0]);
});

test("a kill has its streak, its assister and the flag of a team kill", () => {
  const player = (/** @type {string} */ id) => ({ id, name: id.toUpperCase() });
  const kill = (/** @type {object} */ fields) =>
    lineOf(/** @type {any} */ ({ type: "kill", payload: { attacker: player("a"), victim: player("b"), ...fields } }), "");
  const line = kill({ streak: 4, assister: player("c"), team_kill: true });
  assert.deepEqual([line.streak, line.with, line.flags], [4, "C", ["team"]]);
  const plain = kill({ streak: 2 });
  assert.deepEqual([plain.streak, plain.with, plain.flags], [0, "", []]);
});

const CATEGORIES = [
  ["Beamer VS3", "pistol", "pistol"],
  ["Orion VS54", "lmg", "machine_gun"],
  ["Phaseshift VX-S", "sniper_rifle", "sniper"],
  ["", "roadkill", "vehicle"],
  ["ak47", "knife", "ak"],
  ["Orion VS54", "", ""],
];
for (const [weapon, weapon_category, icon] of CATEGORIES) {
  test(`killfeed: "${weapon}" of the category "${weapon_category}" has the icon "${icon}"`, () => {
    const payload = /** @type {any} */ ({ attacker: ct("a"), victim: t("b"), weapon, weapon_category });
    const line = lineOf(/** @type {any} */ ({ type: "kill", payload }), "");
    assert.equal(line.weapon.icon, icon);
    assert.equal(line.weapon.name, weaponOf(weapon).name);
  });
}

// @ts-check
// Weapons and causes of death as games name them → the class that has an icon, and a name to read. Pure tables.

import { clean } from "../core/clean.mjs";

/** @typedef {keyof typeof import("./weaponart.mjs").ART} Class */
/** `icon` is "" for what no class fits. @typedef {{icon: Class | "", name: string}} Weapon */

/** @type {Record<string, [Class, string]>} Counter-Strike 2 and Global Offensive, by the id in a server's log */
const KNOWN = {
  glock: ["pistol", "Glock-18"],
  hkp2000: ["pistol", "P2000"],
  usp_silencer: ["pistol", "USP-S"],
  usp_silencer_off: ["pistol", "USP-S"],
  p250: ["pistol", "P250"],
  elite: ["pistol", "Dual Berettas"],
  fiveseven: ["pistol", "Five-SeveN"],
  tec9: ["pistol", "Tec-9"],
  cz75a: ["pistol", "CZ75-Auto"],
  deagle: ["heavy_pistol", "Desert Eagle"],
  revolver: ["heavy_pistol", "R8 Revolver"],
  mac10: ["smg", "MAC-10"],
  mp9: ["smg", "MP9"],
  mp7: ["smg", "MP7"],
  mp5sd: ["smg", "MP5-SD"],
  ump45: ["smg", "UMP-45"],
  p90: ["smg", "P90"],
  bizon: ["smg", "PP-Bizon"],
  ak47: ["ak", "AK-47"],
  galilar: ["ak", "Galil AR"],
  m4a1: ["rifle", "M4A4"],
  m4a1_silencer: ["rifle", "M4A1-S"],
  m4a1_silencer_off: ["rifle", "M4A1-S"],
  famas: ["bullpup", "FAMAS"],
  aug: ["bullpup", "AUG"],
  sg556: ["rifle", "SG 553"],
  ssg08: ["sniper", "SSG 08"],
  awp: ["sniper", "AWP"],
  scar20: ["sniper", "SCAR-20"],
  g3sg1: ["sniper", "G3SG1"],
  nova: ["shotgun", "Nova"],
  xm1014: ["shotgun", "XM1014"],
  mag7: ["shotgun", "MAG-7"],
  sawedoff: ["shotgun", "Sawed-Off"],
  m249: ["machine_gun", "M249"],
  negev: ["machine_gun", "Negev"],
  taser: ["shock", "Zeus x27"],
  knife: ["knife", "Knife"],
  knife_t: ["knife", "Knife"],
  knifegg: ["knife", "Gold Knife"],
  bayonet: ["knife", "Bayonet"],
  knife_m9_bayonet: ["knife", "M9 Bayonet"],
  knife_survival_bowie: ["knife", "Bowie Knife"],
  knife_gypsy_jackknife: ["knife", "Navaja Knife"],
  knife_widowmaker: ["knife", "Talon Knife"],
  knife_push: ["knife", "Shadow Daggers"],
  knife_tactical: ["knife", "Huntsman Knife"],
  knife_cord: ["knife", "Paracord Knife"],
  knife_canis: ["knife", "Survival Knife"],
  knife_outdoor: ["knife", "Nomad Knife"],
  hegrenade: ["grenade", "HE Grenade"],
  flashbang: ["flash", "Flashbang"],
  smokegrenade: ["flash", "Smoke Grenade"],
  decoy: ["flash", "Decoy"],
  molotov: ["molotov", "Molotov"],
  incgrenade: ["molotov", "Incendiary"],
  inferno: ["fire", "Fire"],
  c4: ["bomb", "C4"],
  planted_c4: ["bomb", "C4"],
  world: ["fall", "World"],
  worldspawn: ["fall", "Fall"],
};

/** @type {[RegExp, Class][]} for all other games: the first that fits the readable name */
const CLASSES = [
  [/\b(knife|knives|blade|sword|dagger|axe|melee|machete|bayonet)\b/, "knife"],
  [/\b(fist|fists|punch|unarmed)\b/, "fist"],
  [/\b(sniper|bolt[- ]action|marksman|dmr)\b/, "sniper"],
  [/\bshotgun\b/, "shotgun"],
  [/\b(revolver|magnum|deagle)\b/, "heavy_pistol"],
  [/\b(pistol|sidearm|handgun)\b/, "pistol"],
  [/\b(smg|submachine gun|pdw)\b/, "smg"],
  [/\b(lmg|machine gun|minigun|chaingun|gatling)\b/, "machine_gun"],
  [/\b(rifle|carbine)\b/, "rifle"],
  [/\b(molotov|incendiary)\b/, "molotov"],
  [/\b(mine|mines|claymore)\b/, "mine"],
  [/\b(grenade|frag)\b/, "grenade"],
  [/\b(fire|flame|flamethrower|burn|burning|burned|lava)\b/, "fire"],
  [/\b(rocket|rpg|missile|launcher)\b/, "rocket"],
  [/\b(bomb|c4|dynamite|explosive|explosion)\b/, "bomb"],
  [/\b(turret|sentry)\b/, "turret"],
  [/\b(tank|vanguard|prowler|magrider|lightning)\b/, "tank"],
  [/\b(aircraft|plane|jet|helicopter|mosquito|reaver|scythe|liberator|galaxy|valkyrie)\b/, "aircraft"],
  [/\b(vehicle|car|jeep|truck|roadkill|harasser|sunderer)\b/, "vehicle"],
  [/\b(taser|shock|electric|electricity)\b/, "shock"],
  [/\b(fall|falling|fell|world)\b/, "fall"],
];

/** @type {Map<string, Weapon>} strangers choose the ids: bounded */
const seen = new Map();
const REMEMBERED = 500;
const LETTERS = 64; // of a name, as long as an event allows

/** @param {string} id as the source names it @returns {Weapon} */
export function weaponOf(id) {
  let weapon = seen.get(id);
  if (weapon !== undefined) return weapon;
  if (seen.size >= REMEMBERED) seen.clear();
  weapon = look(clean(id, LETTERS));
  seen.set(id, weapon);
  return weapon;
}

/** @param {string} id @returns {Weapon} */
function look(id) {
  const key = id.toLowerCase().replace(/^weapon_/, "").replace(/_projectile$/, "");
  if (Object.hasOwn(KNOWN, key)) return { icon: KNOWN[key][0], name: KNOWN[key][1] };
  const name = readable(id);
  const words = name.toLowerCase();
  return { icon: CLASSES.find(([pattern]) => pattern.test(words))?.[1] ?? "", name };
}

/** "knife_flip" → "Flip Knife", "plasma_rifle" → "Plasma rifle"; what a source already writes well stays. @param {string} id */
function readable(id) {
  const knife = /^(?:weapon_)?knife_([a-z]+)$/.exec(id);
  if (knife !== null) return `${capital(knife[1])} Knife`;
  const words = id.replace(/^weapon_/, "").replaceAll("_", " ").trim();
  return /^[a-z]/.test(words) ? capital(words) : words;
}

/** @param {string} words */
function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

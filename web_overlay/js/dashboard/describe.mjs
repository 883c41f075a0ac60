// @ts-check
// One event in words: title, player or user, details. Pure. Names from outside are only text.
//
// Titles and icons are those of the catalog. A type without a line in DETAILS is shown with the names in its payload, so
// that a new type is legible without a change here.

import { CATALOG } from "../core/catalog.mjs";
import { weaponOf } from "../widgets/weapons.mjs";
import { word } from "./format.mjs";
import { obsVerdicts } from "./obs.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */
/** @typedef {{icon: string, title: string, who: string[], what: string}} Line */

/** What a dashboard shows otherwise than a banner of the overlay would. @type {Record<string, string>} */
const ICONS = {
  ...{ chat: "speech", chat_delete: "bin", show: "play", toggle: "eye", scene: "eye", round: "clock", score: "trophy" },
  ...{ poll: "list", prediction: "list", custom: "dot", player_move: "dot" },
};
const ROWS = new Map(CATALOG.map((entry) => [String(entry.type), entry]));

const plural = (/** @type {unknown} */ n, /** @type {string} */ one, many = `${one}s`) => `${word(n)} ${n === 1 ? one : many}`;

/** As the killfeed names it. @param {unknown} id */
const weapon = (id) => (typeof id === "string" ? weaponOf(id).name : "");

/** @type {Record<string, (p: any) => string>} what to say beside the names */
const DETAILS = {
  kill: (p) => [weapon(p.weapon), p.headshot && "headshot", p.penetrated && "through a wall"].filter(Boolean).join(", "),
  headshot: (p) => weapon(p.weapon),
  death: (p) => weapon(p.cause),
  multikill: (p) => plural(p.kills, "kill"),
  streak: (p) => plural(p.kills ?? 0, "kill"),
  hit: (p) => plural(p.damage ?? 0, "point of damage", "points of damage"),
  heal: (p) => plural(p.amount ?? 0, "point"),
  chat: (p) => p.text ?? "",
  cheer: (p) => [plural(p.bits, "bit"), p.text].filter(Boolean).join(": "),
  tip: (p) => [[p.amount, p.currency].filter(Boolean).join(" "), p.text].filter(Boolean).join(": "),
  gift: (p) => plural(p.count, "subscription"),
  raid: (p) => plural(p.viewers ?? 0, "viewer"),
  subscription: (p) => [p.months ? plural(p.months, "month") : "", p.text].filter(Boolean).join(": "),
  redemption: (p) => [p.title, p.text].filter(Boolean).join(": "),
  round: (p) => [String(p.phase ?? "").replaceAll("_", " "), p.winner].filter(Boolean).join(", "),
  objective: (p) => [p.action, p.target].filter(Boolean).join(" "),
  alert_start: (p) => [p.title, p.subtitle].filter(Boolean).join(", "),
  alert_end: (p) => [p.title || p.alert, p.outcome].filter(Boolean).join(", "),
  score: (p) => pairs(p.scores),
  show: (p) => [p.action, p.widget].filter(Boolean).join(" "),
  toggle: (p) => `${word(p.name)} ${p.on ? "on" : "off"}`,
  goal: (p) => `${word(p.current)} of ${word(p.target)}, ${p.title || word(p.goal)}`,
  poll: (p) => `${word(p.title)} (${word(p.phase)})`,
  prediction: (p) => `${word(p.title)} (${word(p.phase)})`,
  hype_train: (p) => `level ${word(p.level)} (${word(p.phase)})`,
  stream: (p) => [p.online ? "online" : "offline", p.title].filter(Boolean).join(": "),
  custom: (p) => word(p.name),
  scene: (p) => p.name || "the layout itself",
  obs: (p) => (p.connected === false ? "closed" : [p.scene, ...obsVerdicts(p).map((each) => each.word)].filter(Boolean).join(", ")),
  obs_source: (p) => `${word(p.source)} ${p.visible ? "shown" : "hidden"}`,
};

/** @param {unknown} value */
function pairs(value) {
  if (value === null || typeof value !== "object") return "";
  return Object.entries(value)
    .map(([key, part]) => `${key} ${word(part)}`)
    .join(", ");
}

const ACTORS = ["attacker", "medic", "player", "user"];
const TARGETS = ["victim", "revived"];

/** @param {any} payload @param {string[]} keys @returns {string[]} */
function names(payload, keys) {
  return keys
    .map((key) => payload?.[key])
    .map((value) => (typeof value === "string" ? value : value?.name))
    .filter((name) => typeof name === "string" && name !== "");
}

const MOST = 300; // characters of a detail in a row; the whole payload is in its history

/** @param {Event} event @returns {Line} */
export function describe(event) {
  const payload = event.payload ?? {};
  const own = Object.hasOwn(DETAILS, event.type) ? String(DETAILS[event.type](payload) ?? "") : "";
  return {
    icon: iconOf(event.type),
    title: titleOf(event.type),
    who: [...names(payload, ACTORS), ...names(payload, TARGETS)],
    what: own.length > MOST ? `${own.slice(0, MOST)}…` : own,
  };
}

/** Types that no widget of Framewire shows; a test compares this list with the widgets. */
export const UNSHOWN = new Set([
  ...["vehicle_destroyed", "heal", "resupply", "repair", "spawn", "transport", "support_streak", "capture"],
  ...["login", "player_join", "player_leave", "player_command", "hurt", "custom", "obs", "obs_source"],
]);

/** @param {string} type @returns {string} */
export function titleOf(type) {
  const words = ROWS.get(type)?.title ?? type.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} type @returns {string} a name of views/parts.mjs */
export function iconOf(type) {
  return (Object.hasOwn(ICONS, type) ? ICONS[type] : ROWS.get(type)?.icon) ?? "dot";
}

// @ts-check
// Events of a community → alerts: their content and duration.

import { isSeen } from "./clean.mjs";
import { isTest } from "./leftovers.mjs";

/**
 * A rule of the user (overlays/alerts.toml): what to show for a type, from an amount on.
 * @typedef {{type: string, from: number, text: string, image: string, video: string, sound: string,
 *   duration_ms: number, volume: number, currency?: string}} Rule
 */
/**
 * @typedef {object} Alert
 * @property {string} kind the type of the event
 * @property {boolean} paid
 * @property {string[]} names who: at most the first two
 * @property {number} count how many acts it stands for
 * @property {number} amount bits, viewers, months, points, subscriptions or money; 0 for none
 * @property {string} currency
 * @property {string} message what the user wrote
 * @property {string} title of a reward or a stream
 * @property {string} tier
 * @property {string} giver
 * @property {string[]} recipients
 * @property {string} word which of several texts of the kind is meant; "" is the usual one
 * @property {string} group
 * @property {boolean} whole a gift itself, not one of its subscriptions
 * @property {number} hold_ms
 * @property {Rule | null} rule
 * @property {boolean} late
 * @property {boolean} test
 * @property {boolean} replay shown again at the operator's request
 * @property {boolean} changed merged since it was last written
 * @property {number} first position of the first event that it stands for
 * @property {number} last position of the last one
 */

export const TYPES = /** @type {const} */ ([
  "follow",
  "subscription",
  "gift",
  "raid",
  "cheer",
  "tip",
  "redemption",
  "shoutout",
  "stream",
]);
const PAID = new Set(["subscription", "gift", "cheer", "tip"]);

export const FREE_MS = 4_000;
export const PAID_MS = 6_000;
const LONGEST_MS = 12_000;
const READ_MS = 45; // per character of a message beyond the first line
const LINE = 60;
/** Value of one unit in cents, roughly: only the time on screen follows from it. */
const CENTS = new Map([["cheer", 1], ["tip", 100], ["gift", 500]]); // prettier-ignore

/** @param {{type: string, payload: any, position?: number, source?: string}} event one of TYPES @param {Rule[]} rules @param {boolean} late @returns {Alert} */
export function alertOf({ type, payload, position = 0, source = "" }, rules, late) {
  const part = type === "subscription" && (payload.group ?? "") !== "";
  const kind = part ? "gift" : type;
  const amount = part ? 1 : amountOf(type, payload);
  const user = part ? payload.gifted_by || "" : payload.anonymous === true ? "" : (payload.user ?? "");
  const message = part || type === "stream" ? "" : (payload.text ?? "");
  const rule = ruleFor(rules, kind, amount, payload.currency);
  return {
    kind,
    paid: PAID.has(kind),
    names: [isSeen(user) ? user : ""],
    count: 1,
    amount,
    currency: payload.currency ?? "",
    message,
    title: payload.title ?? "",
    tier: payload.tier ?? "",
    giver: part ? "" : (payload.gifted_by ?? ""),
    recipients: part ? [payload.user] : (payload.recipients ?? []),
    word: wordOf(type, payload),
    group: payload.group ?? "",
    whole: type === "gift",
    hold_ms: rule?.duration_ms || holdOf(kind, amount, message),
    rule,
    late,
    replay: false,
    test: isTest({ source }),
    changed: false,
    first: position,
    last: position,
  };
}

/** @param {string} type @param {any} payload @returns {number} */
function amountOf(type, payload) {
  const told = { gift: payload.count, raid: payload.viewers, cheer: payload.bits, redemption: payload.cost };
  if (type === "tip") return Number(payload.amount ?? "") || 0;
  if (type === "subscription") return payload.months > 1 ? payload.months : 0;
  return Object.hasOwn(told, type) ? (/** @type {any} */ (told)[type] ?? 0) : 0;
}

/** @param {string} type @param {any} payload */
function wordOf(type, payload) {
  if (type === "stream") return payload.online ? "online" : "offline";
  return type === "shoutout" && payload.direction === "received" ? "received" : "";
}

/**
 * The rule with the highest `from` that the amount reaches, of those for its currency or for any.
 * @param {Rule[]} rules @param {string} kind @param {number} amount @param {string} [currency]
 */
export function ruleFor(rules, kind, amount, currency = "") {
  const meant = rules.filter((rule) => rule.type === kind && ["", currency].includes(rule.currency ?? ""));
  const fit = meant.filter(({ from }) => from <= amount).sort((a, b) => b.from - a.from);
  return fit.length > 0 ? fit[0] : null;
}

/** How long an alert stays: ten times the money is two seconds more. @param {string} kind @param {number} amount @param {string} message */
export function holdOf(kind, amount, message) {
  const least = PAID.has(kind) ? PAID_MS : FREE_MS;
  const dollars = ((CENTS.get(kind) ?? 0) * amount) / 100;
  const worth = dollars > 1 ? 2_000 * Math.log10(dollars) : 0;
  const reading = Math.max(0, message.length - LINE) * READ_MS;
  return Math.round(Math.min(Math.max(LONGEST_MS, least), least + Math.max(worth, reading)));
}

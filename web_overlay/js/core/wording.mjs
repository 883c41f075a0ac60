// @ts-check
// The texts of an alert, in the language of the page.

import { clean } from "./clean.mjs";

/** @typedef {import("./occasions.mjs").Alert} Alert */
/** @typedef {import("./text.mjs").Texts} Texts */

const NAMED = 3; // recipients of a gift that are named
const LETTERS = 25; // of a name in a merged alert: two of them and the number of others fit into two lines

/** @typedef {{label: string, name: string, value: string, unit: string, detail: string, message: string}} Words */

/**
 * The words of an alert as it is shown now. `name` is the headline.
 * @param {Alert} alert @param {Texts} texts
 * @returns {Words}
 */
export function wordsOf(alert, texts) {
  const { kind, amount, count, word } = alert;
  const named = alert.names.map((name) => name || texts.text("anonymous"));
  const label = texts.text(word === "" ? `${kind}.label` : `${kind}.${word}`) || texts.text(`${kind}.label`);
  const words = {
    label: [label, tierOf(alert.tier, texts)].filter(Boolean).join(" ·\u00a0"),
    name: kind === "stream" ? alert.title : texts.list(named),
    value: valueOf(alert, texts),
    unit: amount > 0 && kind !== "tip" ? texts.text(`${kind}.unit`, { amount }) : "",
    detail: detailOf(alert, texts),
    message: alert.message === "" ? "" : texts.text("quote", { text: alert.message }),
  };
  if (alert.rule?.text) return ownWords(words, alert, named, texts);
  return count > 1 ? mergedWords(words, alert, named, texts) : words;
}

/** The number is the headline, so that it is never cut. @param {Words} words @param {Alert} alert @param {string[]} named @param {Texts} texts @returns {Words} */
function mergedWords(words, { kind, count }, named, texts) {
  const name = texts.text(`${kind}.several`, { count }) || `${words.label} × ${texts.number(count)}`;
  return { ...words, label: "", name, detail: several(named, count, texts) };
}

/**
 * The user's text is the headline; its values are not repeated below it.
 * @param {Words} words @param {Alert} alert @param {string[]} named @param {Texts} texts @returns {Words}
 */
function ownWords(words, alert, named, texts) {
  const { amount, count, title, message } = alert;
  const template = alert.rule?.text ?? "";
  const user = count > 1 ? several(named, count, texts) : named[0];
  const facts = { user, name: named[0], amount, count, value: words.value, title, text: message };
  const own = { ...words, name: texts.fill(template, facts), detail: "" };
  if (/\{(value|amount)\b/.test(template)) Object.assign(own, { value: "", unit: "" });
  if (/\{text\b/.test(template)) own.message = "";
  if (own.message !== "") own.label = ""; // the box has no room for all; icon and colour tell the kind
  return own;
}

/** "Ada, Bo and 12 others". @param {string[]} named @param {number} count @param {Texts} texts */
function several(named, count, texts) {
  const names = named.map((name) => clean(name, LETTERS));
  const others = count - names.length;
  return others > 0 ? texts.text("several.names", { first: names.join(", "), others }) : texts.list(names);
}

/** @param {Alert} alert @param {Texts} texts @returns {string} the numeral, with its currency */
export function valueOf({ kind, amount, currency }, texts) {
  if (amount <= 0) return "";
  return kind === "tip" ? texts.money(String(amount), currency) : texts.number(amount);
}

/** @param {Alert} alert @param {Texts} texts @returns {string} */
function detailOf({ kind, word, giver, recipients, title, count }, texts) {
  if (kind === "redemption") return title;
  if (kind === "shoutout") return texts.text(word === "received" ? "shoutout.received" : "shoutout.detail");
  if (kind === "subscription" && giver !== "" && count === 1) return texts.text("subscription.detail", { giver });
  if (kind !== "gift" || recipients.length === 0) return "";
  const others = recipients.length - NAMED;
  const names = recipients.slice(0, NAMED);
  const all = others > 0 ? texts.text("gift.more", { names: names.join(", "), others }) : texts.list(names);
  return texts.text("gift.detail", { recipients: all });
}

/** Twitch says 1000, 2000, 3000 or Prime. @param {string} tier @param {Texts} texts */
function tierOf(tier, texts) {
  const level = /^([123])000$/.exec(tier);
  if (level !== null) return level[1] === "1" ? "" : texts.text("tier", { level: level[1] });
  return tier.toLowerCase() === "prime" ? texts.text("prime") : tier.replaceAll("_", " ");
}

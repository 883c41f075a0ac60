// @ts-check
// The words of an alert, in the language of the page.

/** @typedef {import("./occasions.mjs").Alert} Alert */
/** @typedef {import("./text.mjs").Texts} Texts */

const NAMED = 3; // recipients of a gift that are named

/**
 * The words of an alert as it is shown now.
 * @param {Alert} alert @param {Texts} texts
 * @returns {{label: string, name: string, value: string, unit: string, detail: string, message: string}}
 */
export function wordsOf(alert, texts) {
  const { kind, amount, count, word } = alert;
  const named = alert.names.map((name) => name || texts.text("anonymous"));
  const others = count - named.length;
  const names = others > 0 ? texts.text("several.names", { first: named.join(", "), others }) : texts.list(named);
  const value = valueOf(alert, texts);
  const facts = { user: names, name: named[0], amount, count, value, title: alert.title, text: alert.message };
  const several = count > 1 ? texts.text(`${kind}.several`) : "";
  const label = several || texts.text(word === "" ? `${kind}.label` : `${kind}.${word}`) || texts.text(`${kind}.label`);
  const quote = alert.message === "" ? "" : texts.text("quote", { text: alert.message });
  return {
    label: [label, tierOf(alert.tier, texts)].filter(Boolean).join(" ·\u00a0"),
    name: kind === "stream" ? alert.title : names,
    value,
    unit: amount > 0 && kind !== "tip" ? texts.text(`${kind}.unit`, { amount }) : "",
    detail: alert.rule?.text ? texts.fill(alert.rule.text, facts) : detailOf(alert, texts),
    message: quote,
  };
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

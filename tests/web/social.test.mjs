// @ts-check
// Social alerts without a page: texts, alerts from events, and the queue as tables of histories.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { AlertQueue, FREE, MERGE_FROM, PAID } from "../../web_overlay/js/core/alerts.mjs";
import { FREE_MS, PAID_MS, TYPES, alertOf, holdOf, ruleFor } from "../../web_overlay/js/core/occasions.mjs";
import { nameOf } from "../../web_overlay/js/widgets/streak.mjs";
import { Texts } from "../../web_overlay/js/core/text.mjs";
import { wordsOf } from "../../web_overlay/js/core/wording.mjs";
import { event } from "./make.mjs";

const LANG = new URL("../../web_overlay/lang/", import.meta.url);
const FILES = readdirSync(LANG);
/** @param {string} lang */
const read = (lang) => JSON.parse(readFileSync(new URL(`${lang}.json`, LANG), "utf8"));
/** @param {string} lang */
const textsOf = (lang) => new Texts(lang, read(lang));
const en = textsOf("en");

/** @param {string} type @param {Record<string, unknown>} payload @param {any[]} rules */
const alert = (type, payload, rules = []) => alertOf(event({ type, payload }), rules, false);
/** @param {string} user */
const follow = (user) => alert("follow", { user });
/** @param {string} type @param {Record<string, unknown>} payload */
const words = (type, payload, texts = en) => wordsOf(alert(type, payload), texts);

test("templates: values, plurals, braces; text from outside is never a template", () => {
  for (const [lang, template, values, expected] of /** @type {[string, string, any, string][]} */ ([
    ["en", "{n} {n|viewer|viewers}", { n: 1 }, "1 viewer"],
    ["en", "{n} {n|viewer|viewers}", { n: 1234 }, "1,234 viewers"],
    ["de", "{n} {n|Monat|Monate}", { n: 1234 }, "1.234 Monate"],
    ["pl", "{n|widz|widzów|widzów|widzów}", { n: 22 }, "widzów"],
    ["pl", "{n|one|few|many|other}", { n: 3 }, "few"],
    ["pl", "{n|one|few|many|other}", { n: 5 }, "many"],
    ["es", "{n|mes|meses}", { n: 2_000_000 }, "meses"],
    ["pt", "{n|ponto|pontos}", { n: 0 }, "ponto"],
    ["en", "{{n} {missing}|", { n: 1 }, "{n} |"],
    ["en", "{user}", { user: "{n} {n|a|b} $& {{" }, "{n} {n|a|b} $& {{"],
    ["en", "{constructor}{toString}", {}, ""],
    ["xx", "{n}", { n: 1000 }, "1,000"],
  ])) {
    assert.equal(new Texts(lang, {}).fill(template, values), expected, template);
  }
  assert.equal(new Texts("en", {}).fill("{a}", { a: "x".repeat(100_000) }).length, 2_000);
});

test("money: in the format of the language, with any text as currency", () => {
  for (const [lang, amount, currency, expected] of [
    ["en", "12.50", "EUR", "€12.50"],
    ["en", "5", "USD", "$5"],
    ["de", "1234.5", "EUR", "1.234,50\u00a0€"],
    ["en", "500", "JPY", "¥500"],
    ["en", "3", "BITSY", "3\u00a0BITSY"],
    ["en", "3", "", "3"],
  ]) {
    assert.equal(textsOf(lang).money(amount, currency), expected);
  }
});

test("languages: all have the same keys, and every form of every template can be filled", () => {
  const keys = Object.keys(read("en")).sort();
  for (const file of FILES) {
    const lang = file.replace(".json", "");
    const templates = read(lang);
    assert.deepEqual(Object.keys(templates).sort(), keys, file);
    const texts = new Texts(lang, templates);
    for (const key of keys) {
      for (const amount of [0, 1, 2, 5, 1_000_000]) {
        const filled = texts.text(key, { amount, count: amount, others: amount, level: amount });
        assert.doesNotMatch(filled, /undefined|null|NaN|[{}]/, `${file} ${key}`);
      }
    }
  }
});

test("multikills and streaks: the user's names from a number of kills on, otherwise those of the language", () => {
  const rule = { type: "multikill", from: 7, text: "LUDICROUS {kills}", image: "", video: "", sound: "", duration_ms: 0, volume: 1 };
  const rules = [rule, { ...rule, from: 9, text: "HOLY MOLY" }, { ...rule, type: "streak", from: 12, text: "Squad wiper" }];
  const names = [2, 5, 6, 7, 8, 9, 30].map((kills) => nameOf("multikill", kills, { texts: en, rules }));
  assert.deepEqual(names, ["Double kill", "Ace", "6 kills", "LUDICROUS 7", "LUDICROUS 8", "HOLY MOLY", "HOLY MOLY"]);
  assert.deepEqual(
    [11, 12].map((kills) => nameOf("streak", kills, { texts: en, rules })),
    ["Streak 11", "Squad wiper"],
  );
});

test("words: each kind has user, amount and message", () => {
  const cases = [
    ["follow", { user: "Ada" }, "New follower", "Ada", "", "", "", ""],
    ["subscription", { user: "Ada" }, "Subscribed", "Ada", "", "", "", ""],
    ["subscription", { user: "Ada", tier: "2000", months: 7, text: "hi" }, "Subscribed ·\u00a0Tier 2", "Ada", "7", "months", "", "“hi”"],
    ["subscription", { user: "Ada", tier: "Prime", months: 1 }, "Subscribed ·\u00a0Prime", "Ada", "", "", "", ""],
    ["subscription", { user: "Ada", gifted_by: "Bo" }, "Subscribed", "Ada", "", "", "a gift from Bo", ""],
    ["gift", { user: "Bo", count: 1, tier: "1000" }, "Gifted", "Bo", "1", "subscription", "", ""],
    ["gift", { user: "x", anonymous: true, count: 5, recipients: ["A", "B", "C", "D", "E"] }, "Gifted", "Anonymous", "5", "subscriptions", "to A, B, C and 2 others", ""],
    ["raid", { user: "Bo", viewers: 1 }, "Raid", "Bo", "1", "viewer", "", ""],
    ["raid", { user: "Bo", viewers: 1234 }, "Raid", "Bo", "1,234", "viewers", "", ""],
    ["cheer", { user: "Bo", bits: 500, text: "go" }, "Cheer", "Bo", "500", "bits", "", "“go”"],
    ["tip", { user: "Bo", amount: "12.50", currency: "EUR" }, "Tip", "Bo", "€12.50", "", "", ""],
    ["redemption", { user: "Bo", title: "Hydrate", cost: 500 }, "Redeemed", "Bo", "500", "points", "Hydrate", ""],
    ["shoutout", { user: "Bo" }, "Shoutout", "Bo", "", "", "is worth a follow", ""],
    ["stream", { online: true, title: "Finals" }, "Live now", "Finals", "", "", "", ""],
  ];
  for (const [type, payload, ...expected] of /** @type {[string, any, ...string[]][]} */ (cases)) {
    const { label, name, value, unit, detail, message } = words(type, payload);
    assert.deepEqual([label, name, value, unit, detail, message], expected, type);
  }
  for (const type of TYPES) assert.notEqual(words(type, { user: "u", online: false }).label, "", type);
});

test("time: at least four seconds, six for paid alerts, more for a higher amount, at most twelve", () => {
  for (const [kind, amount, message, expected] of /** @type {[string, number, string, number][]} */ ([
    ["follow", 0, "", FREE_MS],
    ["raid", 100_000, "", FREE_MS],
    ["cheer", 1, "", PAID_MS],
    ["cheer", 1_000, "", PAID_MS + 2_000],
    ["tip", 100, "", PAID_MS + 4_000],
    ["tip", 1e12, "", 12_000],
    ["tip", 1, "x".repeat(100), PAID_MS + 1_800],
    ["tip", 1, "x".repeat(500), 12_000],
    ["redemption", 1, "x".repeat(500), 12_000],
  ])) {
    assert.equal(holdOf(kind, amount, message), expected, `${kind} ${amount}`);
  }
});

test("rules: a donor cannot reach one of another currency by a large number of small units", () => {
  const rule = { type: "tip", from: 0, text: "", image: "", video: "", sound: "", duration_ms: 0, volume: 1 };
  const rules = [rule, { ...rule, from: 100, currency: "EUR" }];
  /** @type {[string, string, number][]} */
  const tips = [["100000", "IDR", 0], ["100", "EUR", 1], ["99", "EUR", 0], ["100", "", 0]]; // prettier-ignore
  for (const [amount, currency, at] of tips) assert.equal(alert("tip", { user: "Bo", amount, currency }, rules).rule, rules[at]);
});

test("rules: the highest reached amount is used; duration and text are the user's", () => {
  const rule = { type: "cheer", from: 0, text: "", image: "", video: "", sound: "", duration_ms: 0, volume: 1 };
  const rules = [rule, { ...rule, from: 1_000, text: "{user} went {value}", duration_ms: 9_000 }, { ...rule, type: "tip" }];
  assert.equal(ruleFor(rules, "cheer", 999), rules[0]);
  assert.equal(ruleFor(rules, "cheer", 1_000), rules[1]);
  assert.equal(ruleFor(rules, "raid", 1), null);
  const big = alert("cheer", { user: "Bo", bits: 2_000 }, rules);
  assert.equal(big.hold_ms, 9_000);
  const told = { label: "Cheer", name: "Bo went 2,000", value: "", unit: "", detail: "", message: "" };
  assert.deepEqual(wordsOf(big, en), told, "the own text is the headline, and what it says is said once");
  const quiet = { ...rule, type: "redemption", text: "Thanks, {user}" };
  const { label, name, value, detail, message } = wordsOf(alert("redemption", { user: "Bo", title: "Hydrate", cost: 500, text: "now" }, [quiet]), en);
  assert.deepEqual([label, name, value, detail, message], ["", "Thanks, Bo", "500", "", "“now”"]);
});

/** What was shown when, as "name@ms", up to `end`. @param {[number, any][]} history @param {number} end */
function played(history, end) {
  const queue = new AlertQueue();
  const shown = [];
  const todo = [...history];
  for (let now = 0; now <= end; now += 50) {
    while (todo.length > 0 && todo[0][0] <= now) {
      const [, what] = /** @type {[number, any]} */ (todo.shift());
      if (typeof what === "string") queue.command(what, now);
      else queue.push(what);
    }
    if (queue.tick(now) && queue.shown !== null) shown.push(`${wordsOf(queue.shown, en).name}@${now}`);
  }
  return { shown, queue };
}

test("queue: histories", () => {
  const tip = (/** @type {string} */ user) => alert("tip", { user, amount: "1", currency: "EUR" });
  const histories = /** @type {[string, [number, any][], string[]][]} */ ([
    ["each its whole time, in order", [[0, follow("a")], [50, tip("b")], [50, follow("c")]], ["a@0", "b@4350", "c@10700"]],
    [
      "a paid alert is shown before the free ones that wait",
      [[0, follow("a")], [100, follow("b")], [100, tip("c")], [100, follow("d")], [200, tip("e")]],
      ["a@0", "c@4350", "e@10700", "b@17050", "d@21400"],
    ],
    [
      "a paid alert waits for what the operator repeats",
      [[0, follow("a")], [0, follow("b")], [100, "replay"], [200, tip("c")]],
      ["a@0", "a@4350", "c@8700", "b@15050"],
    ],
    ["skip ends what is shown", [[0, follow("a")], [0, follow("b")], [1_000, "skip"]], ["a@0", "b@1350"]],
    ["skip of nothing does nothing", [[0, "skip"], [100, follow("a")]], ["a@100"]],
    ["pause lets the current one end", [[0, follow("a")], [0, follow("b")], [100, "pause"], [9_000, "resume"]], ["a@0", "b@9000"]],
    ["clear forgets what waits", [[0, follow("a")], [50, tip("b")], [100, "clear"], [5_000, tip("c")]], ["a@0", "c@5000"]],
    ["replay shows the last one again", [[0, follow("a")], [6_000, "replay"]], ["a@0", "a@6000"]],
    ["replay of the current one comes next", [[0, follow("a")], [0, follow("b")], [100, "replay"]], ["a@0", "a@4350", "b@8700"]],
    ["replay of nothing does nothing", [[0, "replay"], [100, follow("a")]], ["a@100"]],
    [
      "a flood of follows is one alert",
      [..."abcdefgh"].map((name) => [0, follow(name)]),
      ["a@0", "b@4350", "6 new followers@8700"],
    ],
  ]);
  for (const [name, history, expected] of histories) {
    assert.deepEqual(played(history, 60_000).shown, expected, name);
  }
});

test("words: a merged alert starts with its number, and counts every alert", () => {
  const merged = (/** @type {any} */ one, /** @type {string[]} */ names, /** @type {number} */ count) => {
    const { label, name, detail } = wordsOf({ ...one, names, count }, en);
    return [label, name, detail];
  };
  assert.deepEqual(merged(follow("a"), ["a", "b"], 2), ["", "2 new followers", "a and b"]);
  const long = "W".repeat(40);
  const cut = `${"W".repeat(25)}…`;
  assert.deepEqual(merged(follow("a"), [long, long], 1_234), ["", "1,234 new followers", `${cut}, ${cut} and 1,232 others`]);
  const cheer = alert("cheer", { user: "a", bits: 1 });
  assert.deepEqual(merged(cheer, ["a", "b"], 3), ["", "Cheer × 3", "a, b and 1 other"]);
});

test("queue: a gift and its subscriptions are one alert in any order and with any delay", () => {
  const gift = () => alert("gift", { user: "Bo", count: 3, group: "g1", tier: "1000" });
  const part = (/** @type {string} */ user) => alert("subscription", { user, gifted_by: "Bo", group: "g1" });
  for (const order of [
    [gift(), part("x"), part("y"), part("z")],
    [part("x"), part("y"), part("z"), gift()],
    [part("x"), gift(), part("y"), part("z")],
  ]) {
    const { shown, queue } = played(order.map((what, n) => [n * 50, what]), 30_000);
    assert.deepEqual(shown, ["Bo@0"]);
    const { value, detail, unit } = wordsOf(/** @type {any} */ (queue.last), en);
    assert.deepEqual([value, unit, detail], ["3", "subscriptions", "to x, y, and z"]);
  }
  const alone = played([[0, part("x")], [50, part("y")]], 30_000); // prettier-ignore
  assert.equal(wordsOf(/** @type {any} */ (alone.queue.last), en).value, "2", "the gift itself was never told");
  const after = played([[0, gift()], [20_000, part("x")]], 60_000); // prettier-ignore
  assert.deepEqual(after.shown, ["Bo@0"], "its parts are not announced after it");
});

test("queue: no paid alert is lost, and memory is bounded", () => {
  const queue = new AlertQueue();
  for (let n = 0; n < 5_000; n += 1) {
    queue.push(alert("cheer", { user: `u${n}`, bits: 1, text: "x" }));
    queue.push(alert("raid", { user: `r${n}`, viewers: 1 }));
    queue.push(follow(`f${n}`));
  }
  assert.ok(queue.waiting.length <= PAID + FREE + MERGE_FROM + TYPES.length, String(queue.waiting.length));
  const told = (/** @type {string} */ kind) =>
    queue.waiting.filter((other) => other.kind === kind).reduce((sum, other) => sum + other.count, 0);
  assert.deepEqual([told("cheer"), told("raid"), told("follow")], [5_000, 5_000, 5_000]);
  const bits = queue.waiting.filter((other) => other.kind === "cheer").reduce((sum, other) => sum + other.amount, 0);
  assert.equal(bits, 5_000);
});

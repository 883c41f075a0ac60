// @ts-check
// Labels, goals and the ticker without a page: texts of events, and counts across a reload.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Count, Held, factOf, keptFacts, stepOf } from "../../web_overlay/js/core/community.mjs";
import { Newest } from "../../web_overlay/js/core/newest.mjs";
import { readParams } from "../../web_overlay/js/core/params.mjs";
import { Texts } from "../../web_overlay/js/core/text.mjs";

const en = new Texts("en", JSON.parse(readFileSync(new URL("../../web_overlay/lang/en.json", import.meta.url), "utf8")));

test("facts: user and amount; subscriptions of a gift are reported by the gift", () => {
  for (const [type, payload, name, amount] of /** @type {[string, any, string, string][]} */ ([
    ["follow", { user: "Ada" }, "Ada", ""],
    ["raid", { user: "Bo", viewers: 1 }, "Bo", "1 viewer"],
    ["gift", { user: "x", anonymous: true, count: 5 }, "Anonymous", "5 subscriptions"],
    ["tip", { user: "Di", amount: "12.50", currency: "EUR" }, "Di", "€12.50"],
    ["tip", { user: "Di" }, "Di", ""],
    ["follow", { user: "\u200b\u3164" }, "Anonymous", ""],
    ["cheer", { user: "Ed", bits: 1234 }, "Ed", "1,234 bits"],
  ])) {
    const fact = factOf({ type, payload, source: "twitch" }, en);
    assert.deepEqual([fact?.kind, fact?.name, fact?.amount], [type, name, amount]);
  }
  assert.equal(factOf({ type: "subscription", payload: { user: "x", group: "g" }, source: "twitch" }, en), null);
});

test("a name of a test or of the demo covers the real one for a time", () => {
  const newest = new Newest([{ kind: "follow", name: "Ada", amount: "", title: "" }]);
  const names = () => newest.shown().map(({ name }) => name);
  const add = (/** @type {string} */ user, /** @type {string} */ source, /** @type {number} */ now, type = "follow") => {
    const fact = factOf({ type, payload: { user, bits: 5 }, source }, en);
    if (fact !== null) newest.add(fact, now);
  };
  add("ottoline (test)", "test", 0);
  add("neon_fern", "demo", 1_000);
  add("neon_fern", "demo", 2_000, "cheer");
  assert.deepEqual([names(), newest.due], [["neon_fern", "neon_fern"], 31_000]);
  assert.equal(newest.expire(30_999), false);
  assert.equal(newest.expire(31_000), true);
  assert.deepEqual(names(), ["neon_fern", "Ada"]);
  assert.equal(newest.expire(32_000), true);
  assert.deepEqual([names(), newest.due], [["Ada"], Infinity], "no real cheer: none is shown");
  add("ottoline (test)", "test", 33_000);
  newest.endTests();
  assert.equal(newest.expire(33_001), true, "the end of a test");
  assert.deepEqual([names(), newest.due], [["Ada"], Infinity]);
  add("ottoline (test)", "test", 40_000);
  add("Bo", "twitch", 41_000);
  assert.deepEqual([names(), newest.due], [["Bo"], Infinity], "a real one follows at once");
});

test("stored facts are checked, because other pages can write the storage", () => {
  const good = { kind: "follow", name: "Ada", amount: "", title: "" };
  assert.deepEqual(keptFacts([good, null, { ...good, kind: "__proto__" }, { ...good, name: 5 }, { ...good, name: "x".repeat(601) }]), [good]);
  for (const kept of [null, 5, "x", {}]) assert.deepEqual(keptFacts(kept), []);
});

test("a goal counts its own kind", () => {
  for (const [kind, type, payload, step] of /** @type {[string, string, any, number][]} */ ([
    ["follow", "follow", { user: "a" }, 1],
    ["follow", "raid", { user: "a", viewers: 9 }, 0],
    ["subscription", "subscription", { user: "a" }, 1],
    ["subscription", "subscription", { user: "a", group: "g" }, 0],
    ["subscription", "gift", { user: "a", count: 5, group: "g" }, 5],
    ["cheer", "cheer", { user: "a", bits: 100 }, 100],
    ["tip", "tip", { user: "a", amount: "2.5" }, 2.5],
    ["tip", "tip", { user: "a" }, 0],
  ])) {
    assert.equal(stepOf(kind, { type, payload }), step, `${kind} ${type}`);
  }
});

test("a count continues after a reload, and counts no event twice", () => {
  const follow = (/** @type {number} */ position) => ({ type: "follow", payload: { user: "a" }, source: "twitch", position });
  const count = new Count("follow", 100, null);
  assert.ok(count.add(follow(7), false));
  assert.ok(count.add(follow(9), false));
  const again = new Count("follow", 100, JSON.parse(JSON.stringify(count.keep())));
  assert.equal(again.current, 102);
  assert.equal(again.add(follow(9), true), false, "replayed after the reload");
  assert.ok(again.add(follow(10), true), "missed meanwhile");
  assert.ok(again.add(follow(3), false), "a new log begins at its first position");
  assert.equal(again.current, 104);
  for (const source of ["test", "demo"]) assert.equal(again.add({ ...follow(11), source }, false), false, source);
  assert.equal(again.current, 104);
  assert.equal(new Count("follow", 50, count.keep()).current, 50, "another start begins anew");
  assert.equal(new Count("tip", 100, count.keep()).current, 100);
  for (const kept of [{}, { kind: "follow", start: 100, added: "9" }, 5]) assert.equal(new Count("follow", 100, kept).current, 100);
});

test("?goal= names kind, start and target", () => {
  assert.deepEqual(readParams("?goal=follow:120:200", "").options.goal, { kind: "follow", start: 120, target: 200 });
  for (const wrong of ["follow", "follow:1:0", "raid:1:2", "follow:-1:5", "follow:1:2:3"]) {
    assert.equal(readParams(`?goal=${wrong}`, "").problems.length, 1, wrong);
  }
});

test("a fact is held until its alert begins, in the order of its kind, and few of a kind are held", () => {
  const waiting = new Set([1, 3]);
  const held = new Held((_, position) => waiting.has(position));
  const fact = (/** @type {string} */ kind, /** @type {string} */ name) => ({ kind, name, amount: "", title: "" });
  const told = () => held.take().map(({ name }) => name);
  held.push(fact("follow", "Ada"), 1);
  held.push(fact("follow", "Bo"), 2);
  held.push(fact("raid", "Cy"), 3);
  held.push(fact("tip", "Di"), 4);
  assert.deepEqual(told(), ["Di"], "Bo is not named before Ada");
  waiting.delete(1);
  assert.deepEqual(told(), ["Ada", "Bo"]);
  for (let number = 0; number < 10_000; number += 1) held.push(fact("follow", `u${number}`), 5);
  waiting.delete(3);
  const last = told();
  assert.deepEqual([last.length, last[0], last.at(-1)], [17, "Cy", "u9999"]);
  assert.deepEqual(told(), []);
  waiting.add(6);
  held.push({ ...fact("follow", "neon_fern"), rehearsed: true }, 6);
  held.push(fact("raid", "Ed"), 6);
  held.endTests();
  waiting.delete(6);
  assert.deepEqual(told(), ["Ed"], "the end of a test");
});

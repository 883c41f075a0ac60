// @ts-check
// What the end of the tests removes, and what it shows again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AlertQueue } from "../../web_overlay/js/core/alerts.mjs";
import { Leftovers, endsTests } from "../../web_overlay/js/core/leftovers.mjs";
import { alertOf } from "../../web_overlay/js/core/occasions.mjs";
import { Queue } from "../../web_overlay/js/core/queue.mjs";
import { Store } from "../../web_overlay/js/core/store.mjs";
import { arrival, event } from "./make.mjs";

/** @param {string} type @param {string} source @param {any} payload @param {string} [key] */
const state = (type, source, payload, key = type) => event({ type, source, payload, coalesce_key: key, category: "state" });
const END = event({ type: "show", payload: { action: "end_test" } });

/** The payloads that hold after these events. @param {any[]} events @returns {unknown[]} */
function after(events) {
  const left = new Leftovers();
  return events.map((each) => left.see(each)).flat().map(({ payload }) => payload);
}

test("the last real state of a key is shown again when the tests end", () => {
  const [one, two, sample] = [{ scores: { a: 1, b: 0 } }, { scores: { a: 2, b: 0 } }, { scores: { x: 9, y: 10 } }];
  const none = { scores: {} };
  const score = (/** @type {string} */ source, /** @type {any} */ payload, key = "score") => state("score", source, payload, key);
  const cases = /** @type {[string, any[], unknown[]][]} */ ([
    ["nothing", [END], []],
    ["no test", [score("cs2", one), END], []],
    ["a test alone", [score("test", sample), END], [none]],
    ["a test over a score", [score("dashboard", one), score("test", sample), END], [none, one]],
    ["two tests over a score", [score("dashboard", one), score("test", sample), score("test", one), END], [none, one]],
    ["a second end", [score("dashboard", one), score("test", sample), END, END], [none, one]],
    ["a real score during the test", [score("dashboard", one), score("test", sample), score("dashboard", two), END], []],
    ["and another test", [score("cs2", one), score("test", sample), score("cs2", two), score("test", sample), END], [none, two]],
    ["a score that was cleared", [score("dashboard", none), score("test", sample), END], [none, none]],
    ["both keys", [score("cs2", one), score("cs2", two, "score:CT"), score("test", sample), END], [none, one, two]],
    ["in the order of changes", [score("cs2", two, "score:CT"), score("cs2", one), score("test", sample), END], [none, two, one]],
    ["a state that nothing ends", [state("scene", "test", { name: "break" }), END], []],
    ["a scene", [state("scene", "obs", { name: "game" }), state("scene", "test", { name: "break" }), END], [{ name: "game" }]],
    ["another type", [state("poll", "twitch", { title: "Map?" }), score("test", sample), END], [none]],
    ["no state", [event({ type: "follow", source: "test" }), END], []],
    ["another command", [score("test", sample), event({ type: "show", payload: { action: "clear" } })], []],
  ]);
  for (const [name, events, payloads] of cases) assert.deepEqual(after(events), payloads, name);
});

test("each type has an end of its own", () => {
  const [goal, real] = [{ goal: "test-a", current: 3, phase: "progress" }, { goal: "b", current: 37, phase: "progress" }];
  const cases = /** @type {[any[], unknown[]][]} */ ([
    [[state("goal", "twitch", real, "goal:b"), state("goal", "test", goal, "goal:test-a")], [{ ...goal, phase: "canceled" }, real]],
    [[state("application", "test", { application: "test-x" })], [{ application: "test-x", status: "gone", connected: false }]],
    [[state("hype_train", "test", { phase: "progress", level: 2 })], [{ phase: "canceled" }]],
    [[state("streak", "test", { player: { id: "test-a" }, kills: 5 })], [{ player: { id: "test-a" }, kills: 0 }]],
    [[state("crosshair", "test", { style: "dot" })], [{ on: false }]],
    [[state("radar", "test", { map: "test-w", title: "W" })], [{ map: "test-w", on: false }]],
  ]);
  for (const [events, payloads] of cases) assert.deepEqual(after([...events, END]), payloads);
});

test("the store hands the end of a test over before the state that holds again", () => {
  const store = new Store();
  for (const source of ["cs2", "test"]) {
    const each = state("score", source, { scores: { [source]: 1 } });
    store.put(each, arrival());
    store.see(each, arrival());
  }
  store.take();
  store.see(END, arrival());
  const told = store.take().map((value) => [value.event.payload, value.arrival.origin]);
  assert.deepEqual(told, [[{ scores: {} }, "replay"], [{ scores: { cs2: 1 } }, "replay"]]);
});

test("a welcome ends the tests: their end may have been missed", () => {
  const store = new Store();
  const sample = state("poll", "test", { title: "Map?", phase: "begin" });
  store.put(sample, arrival());
  store.see(sample, arrival());
  store.endTests(arrival({ origin: "welcome" }));
  assert.deepEqual(store.take().map((value) => value.event.payload), [{ title: "Map?", phase: "begin" }, { phase: "canceled", title: "" }]);
});

test("only end_test ends tests", () => {
  assert.equal(endsTests(END), true);
  for (const payload of [{ action: "clear" }, { action: "skip", widget: "latest" }]) assert.equal(endsTests({ type: "show", payload }), false);
  assert.equal(endsTests({ type: "follow", payload: { action: "end_test" } }), false);
});

test("waiting events of tests are dropped and counted, and a later one with their key is new", () => {
  const queue = new Queue();
  const push = (/** @type {string} */ source, /** @type {string | null} */ key = null) => queue.push(event({ source, coalesce_key: key }), arrival());
  push("test", "a");
  push("game");
  push("test");
  queue.endTests();
  push("game", "a");
  assert.deepEqual(queue.take(0).map(({ event: { source } }) => source), ["game", "game"]);
  assert.deepEqual([queue.size, queue.counters.expired, queue.counters.merged], [0, 2, 0]);
});

test("alerts of tests leave the queue, and nothing of others", () => {
  const queue = new AlertQueue();
  const push = (/** @type {string} */ source, /** @type {string} */ user) =>
    queue.push(alertOf({ type: "follow", payload: { user }, source }, [], false));
  const names = () => queue.waiting.map((alert) => alert.names.join());
  push("test", "shown");
  queue.tick(0);
  for (const user of ["a", "b", "c", "d"]) for (const source of ["test", "twitch"]) push(source, `${user} ${source}`);
  queue.endTests(10);
  assert.deepEqual([queue.shown, names(), queue.waiting[0].count], [null, ["a twitch,b twitch"], 4], "merged, but not with tests");
  queue.command("replay", 20);
  assert.equal(queue.waiting.length, 1, "the last alert was a test");
  queue.tick(1_000);
  assert.equal(queue.shown?.names[0], "a twitch");
  queue.endTests(1_010);
  assert.equal(queue.shown?.names[0], "a twitch");
});

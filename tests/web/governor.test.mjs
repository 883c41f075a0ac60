// @ts-check
// Adaptive quality as histories: [frames, own cost, interval, share of the queue], and the level afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BUDGETS, Costs } from "../../web_overlay/js/core/costs.mjs";
import { Governor, LEVELS, NAMES, NOMINAL_MS } from "../../web_overlay/js/core/governor.mjs";

/** @typedef {[number, number, number | null, number?]} Part */
const QUIET = /** @type {(frames: number) => Part} */ ((frames) => [frames, 1, 16.7]);
const BUSY = /** @type {(frames: number) => Part} */ ((frames) => [frames, 11, 16.7]);
const MISSED = /** @type {(frames: number) => Part} */ ((frames) => [frames, 8, 30]);

/** @type {[string, Part[], number, {external?: number, own?: number, reductions?: number}?][]} */
const HISTORIES = [
  ["a quiet page stays as it is", [QUIET(600)], 0, { external: 0, reductions: 0 }],
  ["one long frame is no reason", [QUIET(100), [1, 60, 70], QUIET(20)], 0, { own: 1, reductions: 0 }],
  ["two long frames of ten are an emergency", [QUIET(100), [1, 60, 70], QUIET(3), [1, 60, 70]], 3, { reductions: 1 }],
  ["two long frames far from each other are not", [QUIET(100), [1, 60, 70], QUIET(30), [1, 60, 70]], 0],
  ["more than 60 % is one level", [BUSY(60)], 1, { reductions: 1 }],
  ["a second later it is the next", [BUSY(200)], 2, { reductions: 2 }],
  ["a high mean alone is no emergency", [BUSY(5_000)], 2],
  ["50 % is not too much", [[1_000, 8.3, 16.7]], 0],
  ["three missed frames of ten are one level", [MISSED(1), QUIET(1), MISSED(1), QUIET(1), MISSED(1)], 1, { own: 3 }],
  ["two missed frames of ten are no reason", [MISSED(1), QUIET(1), MISSED(1), QUIET(100)], 0],
  ["three missed frames in a row are an emergency", [MISSED(3)], 3],
  ["frames that others hold up reduce nothing", [[200, 2, 40]], 0, { external: 200, own: 0 }],
  ["a frame after a pause is not late", [[10, 1, null]], 0, { external: 0, own: 0 }],
  ["long frames after pauses are no emergency", [[1, 60, null], QUIET(5), [1, 60, null]], 0],
  ["a queue of more than 80 % is an emergency", [[1, 1, 16.7, 0.81]], 3],
  ["that of a page that was hidden is not", [[1, 1, null, 1]], 0],
  ["an emergency ends after 1 s", [MISSED(3), QUIET(75)], 2],
  ["and the rest step by step", [MISSED(3), QUIET(75 + 310)], 1],
  ["until all is shown", [MISSED(3), QUIET(75 + 2 * 310)], 0, { reductions: 1 }],
  ["less work is no reason to go back at once", [BUSY(60), QUIET(200)], 1],
  ["40 % keeps it reduced", [BUSY(60), [3_000, 6.7, 16.7]], 1],
  ["the 5 s begin anew with every busy moment", [BUSY(60), QUIET(280), [5, 12, 16.7], QUIET(280)], 1],
  ["it does not swing between both", [BUSY(60), QUIET(400), BUSY(60)], 1, { reductions: 2 }],
]; // prettier-ignore
for (const [title, history, level, counters = {}] of HISTORIES) {
  test(`governor: ${title}`, () => {
    const governor = new Governor();
    run(governor, history);
    assert.equal(governor.level, level);
    for (const [name, count] of Object.entries(counters)) {
      assert.equal(/** @type {any} */ (governor.counters)[name], count, name);
    }
  });
}

/** @param {Governor} governor @param {Part[]} history */
function run(governor, history) {
  let now = 0;
  for (const [frames, own_ms, interval_ms, queue] of history) {
    for (let frame = 0; frame < frames; frame += 1) {
      now += interval_ms ?? 100;
      const before = governor.level;
      assert.equal(governor.framed(now, own_ms, interval_ms, queue), governor.level !== before);
    }
  }
}

test("governor: a page of 30 frames per second has twice the time", () => {
  const governor = new Governor();
  governor.nominal_ms = 2 * NOMINAL_MS;
  run(governor, [[600, 11, 33.3]]);
  assert.equal(governor.level, 0);
  run(governor, [[200, 22, 33.3]]);
  assert.equal(governor.level, 2);
});

test("governor: a fixed level stays, and is counted nevertheless", () => {
  const governor = new Governor(1);
  run(governor, [MISSED(20), QUIET(2_000)]);
  assert.deepEqual([governor.level, governor.counters.own], [1, 20]);
});

test("governor: every level shows at most what the one before shows", () => {
  assert.equal(LEVELS.length, NAMES.length);
  for (const [at, level] of LEVELS.slice(1).entries()) {
    const before = LEVELS[at];
    assert.ok(level.share <= before.share && level.hold_ms >= before.hold_ms && level.floor >= before.floor);
    assert.ok(level.calm || !before.calm);
  }
});

/** @param {Record<string, number>} spent per frame */
function after(spent) {
  const costs = new Costs();
  for (let frame = 0; frame < 1_000; frame += 1) {
    for (const [name, ms] of Object.entries(spent)) costs.add(name, ms);
    costs.framed();
  }
  return costs;
}

test("costs: the most expensive part is named, and the parts of a frame add up", () => {
  assert.equal(new Costs().slowest(), null);
  const costs = new Costs();
  for (let frame = 0; frame < 500; frame += 1) {
    costs.add("chat", 0.1);
    costs.add("killfeed", 1);
    costs.add("killfeed", 2);
    costs.framed();
  }
  const slowest = /** @type {{name: string, ms: number}} */ (costs.slowest());
  assert.equal(slowest.name, "killfeed");
  assert.ok(Math.abs(slowest.ms - 3) < 0.1, String(slowest.ms));
});

test("costs: each system is compared with its own budget, and the worst is first", () => {
  const found = after({ commit: 0.29, killfeed: 0.2, mine: 0.31, chat: 0.1, hud: 0.06 }).list(NOMINAL_MS);
  assert.deepEqual(
    found.map(({ name, state }) => [name, state]),
    [["mine", "critical"], ["killfeed", "over"], ["hud", "over"], ["commit", ""], ["chat", ""]],
  ); // prettier-ignore
});

test("costs: budgets grow with the interval between two frames", () => {
  const states = (/** @type {number} */ fps) => after({ killfeed: 0.25 }).list(1_000 / fps).map(({ state, target_ms }) => [state, Math.round(target_ms * 100)]); // prettier-ignore
  assert.deepEqual(states(60), [["over", 15]]);
  assert.deepEqual(states(30), [["", 30]]);
  for (const [target, critical] of Object.values(BUDGETS)) assert.ok(target < critical);
});

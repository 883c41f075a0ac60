// @ts-check
// Hype trains, polls and predictions without a page: times, and percentages that add up to 100.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Lasting, RESULT_MS, rowsOf, shareOf } from "../../web_overlay/js/core/crowd.mjs";

/** [phase, ts_ends_ms, late, until when it is shown from 1,000 on: Infinity for ever, 1,000 not at all] @type {[string, number, boolean, number][]} */
const PHASES = [
  ["begin", 0, false, Infinity],
  ["progress", 31_000, false, 1_000 + 30_000 + 60_000],
  ["progress", 500, false, 1_000 + 60_000],
  ["progress", 31_000, true, 1_000 + 30_000 + 60_000],
  ["lock", 31_000, false, Infinity],
  ["end", 31_000, false, 1_000 + RESULT_MS],
  ["end", 0, true, 1_000],
  ["canceled", 0, false, 1_000],
];
for (const [phase, ts_ends_ms, late, until] of PHASES) {
  test(`crowd: ${phase}, ending at ${ts_ends_ms}${late ? ", late" : ""}, is shown until ${until}`, () => {
    const lasting = new Lasting();
    lasting.tell({ payload: { phase: "begin" }, ts_ingest_ms: 0 }, { now: 0, late: false });
    lasting.tell({ payload: { phase, ts_ends_ms }, ts_ingest_ms: 1_000 }, { now: 1_000, late });
    assert.equal(lasting.payload === null, until === 1_000);
    assert.equal(lasting.until, until === 1_000 ? Infinity : until);
    if (until === 1_000 || until === Infinity) return;
    assert.equal(lasting.expire(until - 1), false);
    assert.equal(lasting.expire(until), true);
    assert.equal(lasting.payload, null);
  });
}

test("crowd: most votes first, percentages add up to 100, a winner is first with any votes", () => {
  const choices = [{ title: "a", votes: 1 }, { title: "b", votes: 1 }, { title: "c", votes: 1 }, { title: "d" }]; // prettier-ignore
  const rows = rowsOf(choices);
  assert.equal(rows.reduce((sum, row) => sum + row.percent, 0), 100);
  assert.deepEqual(rows.map((row) => row.percent), [34, 33, 33, 0]);
  assert.deepEqual(rowsOf([{ title: "a", votes: 3 }, { title: "b", votes: 9 }]).map((row) => row.title), ["b", "a"]);
  const [first] = rowsOf([{ title: "a", votes: 3 }, { title: "b", votes: 9 }], "a");
  assert.deepEqual([first.title, first.won, first.percent], ["a", true, 25]);
  assert.deepEqual(rowsOf([{ title: "a" }, { title: "b" }]).map((row) => [row.share, row.percent]), [[0, 0], [0, 0]]);
  assert.equal(rowsOf(Array.from({ length: 30 }, () => ({ title: "x", votes: 1 }))).length, 10);
});

test("crowd: a hype train's share of its level", () => {
  for (const [train, share] of /** @type {[any, number][]} */ ([
    [{ phase: "progress", progress: 700, goal: 1_400 }, 0.5],
    [{ phase: "progress", progress: 700, goal: 0 }, 0],
    [{ phase: "begin" }, 0],
    [{ phase: "progress", progress: 9, goal: 3 }, 1],
    [{ phase: "end", progress: 1, goal: 3 }, 1],
  ])) {
    assert.equal(shareOf(train), share);
  }
});

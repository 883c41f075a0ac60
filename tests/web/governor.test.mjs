// @ts-check
// Adaptive quality as histories: [frames, own cost, interval], and the quality afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Costs, Governor } from "../../web_overlay/js/core/governor.mjs";

/** @type {[string, [number, number, number | null][], boolean, {external?: number, own?: number, reductions?: number}][]} */
const HISTORIES = [
  ["a quiet page stays as it is", [[600, 1, 16.7]], false, { external: 0, reductions: 0 }],
  ["one long frame is no reason", [[100, 1, 16.7], [1, 60, 70], [20, 1, 16.7]], false, { own: 1, reductions: 0 }],
  ["a page that takes more than 60 % is reduced", [[100, 11, 16.7]], true, { reductions: 1 }],
  ["50 % is not too much", [[1_000, 8.3, 16.7]], false, {}],
  ["frames that others hold up reduce nothing", [[200, 2, 40]], false, { external: 200, own: 0 }],
  ["a frame after a pause is not late", [[10, 1, null]], false, { external: 0 }],
  ["less work is no reason to go back at once", [[100, 11, 16.7], [200, 1, 16.7]], true, {}],
  ["after 5 s of little work all is shown again", [[100, 11, 16.7], [400, 1, 16.7]], false, { reductions: 1 }],
  ["40 % keeps it reduced", [[100, 11, 16.7], [3_000, 6.7, 16.7]], true, {}],
  ["the 5 s begin anew with every busy moment", [[100, 11, 16.7], [280, 1, 16.7], [5, 12, 16.7], [280, 1, 16.7]], true, {}],
  ["it does not swing between both", [[100, 11, 16.7], [400, 1, 16.7], [100, 11, 16.7]], true, { reductions: 2 }],
]; // prettier-ignore
for (const [title, history, reduced, counters] of HISTORIES) {
  test(`governor: ${title}`, () => {
    const governor = new Governor();
    let now = 0;
    let changes = 0;
    for (const [frames, own_ms, interval_ms] of history) {
      for (let frame = 0; frame < frames; frame += 1) {
        now += interval_ms ?? 100;
        if (governor.framed(now, own_ms, interval_ms)) changes += 1;
      }
    }
    assert.equal(governor.reduced, reduced);
    assert.equal(changes % 2 === 1, reduced);
    for (const [name, count] of Object.entries(counters)) {
      assert.equal(/** @type {any} */ (governor.counters)[name], count, name);
    }
  });
}

test("costs: the most expensive part is named", () => {
  const costs = new Costs();
  assert.equal(costs.slowest(), null);
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

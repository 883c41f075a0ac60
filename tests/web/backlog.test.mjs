// @ts-check
// What outlives a reload of the queue of alerts, as tables of histories.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AlertQueue } from "../../web_overlay/js/core/alerts.mjs";
import { Backlog, FRESH_MS, MOST } from "../../web_overlay/js/core/backlog.mjs";
import { alertOf } from "../../web_overlay/js/core/occasions.mjs";
import { keeper } from "../../web_overlay/js/keep.mjs";
import { event } from "./make.mjs";

/** @param {string} type @param {string} user @param {number} position @param {Record<string, unknown>} [fields] */
const alert = (type, user, position, fields = {}) => {
  const payload = { user, amount: "1", currency: "EUR", bits: 1, count: 2, ...fields };
  return alertOf(event({ type, payload, position }), [], false);
};
/** @param {string} user @param {number} position */
const tip = (user, position) => alert("tip", user, position);

/** A page that takes events at a time. */
class Page {
  /** @param {any} kept what the page before kept, as its storage has it @param {{again?: boolean, now?: number}} [options] */
  constructor(kept = null, { again = false, now = 0 } = {}) {
    this.queue = new AlertQueue();
    this.backlog = new Backlog(this.queue, again);
    this.backlog.restore(kept, now);
  }

  /** @param {any} one @param {string} epoch */
  take(one, epoch = "e1") {
    if (!this.backlog.has(one, epoch)) this.queue.push(one);
    this.backlog.took(one.first, epoch);
  }

  /** As a reload finds it. */
  kept(now = 0) {
    return JSON.parse(JSON.stringify(this.backlog.keep(now)));
  }

  get names() {
    const { shown, waiting } = this.queue;
    return [...(shown === null ? [] : [shown]), ...waiting].map((one) => one.names[0]);
  }
}

/** @param {any[]} alerts @param {number} now until which they are shown */
function shownUntil(alerts, now) {
  const page = new Page();
  for (const one of alerts) page.take(one);
  for (let at = 0; at <= now; at += 50) page.queue.tick(at);
  return page;
}

test("a reload: what was shown begins again, what waited waits, and the last one can be repeated", () => {
  const three = () => [tip("a", 1), tip("b", 2), tip("c", 3)];
  for (const [now, left, last] of /** @type {[number, string[], string | undefined][]} */ ([
    [0, ["a", "b", "c"], undefined],
    [6_400, ["b", "c"], "a"],
    [12_800, ["c"], "b"],
    [60_000, [], "c"],
  ])) {
    const page = new Page(shownUntil(three(), now).kept());
    assert.deepEqual([page.names, page.queue.last?.names[0]], [left, last], String(now));
    if (last === undefined) continue;
    page.queue.command("replay", 0);
    assert.equal(page.names[0], last);
  }
});

test("a reload: an event that comes again is not taken twice, and none between is lost", () => {
  const kept = shownUntil([tip("a", 1), tip("b", 2)], 6_400).kept();
  for (const [name, again, epoch, expected] of /** @type {[string, boolean, string, string[]][]} */ ([
    ["the position was not saved", false, "e1", ["b", "c"]],
    ["replay:N shows what is over again, and what waits once", true, "e1", ["b", "a", "c"]],
    ["positions of another log mean others", false, "e2", ["b", "a", "b", "c"]],
  ])) {
    const page = new Page(kept, { again });
    for (const one of [tip("a", 1), tip("b", 2), tip("c", 3)]) page.take(one, epoch);
    assert.deepEqual(page.names, expected, name);
  }
});

test("a new log begins at lower positions, also if an event of the old one is taken after the page knows the new one", () => {
  const page = new Page();
  page.take(tip("a", 5_000), "e2");
  page.take(tip("b", 1), "e2");
  assert.deepEqual(page.names, ["a", "b"]);
  const next = new Page(page.kept());
  next.take(tip("c", 2), "e2");
  assert.deepEqual(next.names, ["a", "b", "c"]);
});

test("a reload: merged follows are known, and late parts of a gift that is over announce nothing", () => {
  const follows = [1, 2, 3, 4, 5, 6].map((position) => alert("follow", `f${position}`, position));
  const page = new Page(shownUntil(follows, 0).kept(), { again: true });
  for (const one of follows) page.take(one);
  assert.equal(page.queue.waiting.reduce((sum, one) => sum + one.count, 0), 6);
  const gift = alert("gift", "Bo", 1, { group: "g" });
  const part = alert("subscription", "x", 2, { group: "g", gifted_by: "Bo" });
  const after = new Page(shownUntil([gift], 60_000).kept());
  after.take(part);
  assert.deepEqual(after.names, []);
});

test("a reload: what was kept for long is late, and what must not be late is dropped", () => {
  const kept = shownUntil([tip("a", 1), alert("shoutout", "b", 2)], 0).kept(1_000);
  const [soon, later] = [FRESH_MS, FRESH_MS + 1_000].map((now) => new Page(kept, { now }));
  assert.deepEqual([soon.names, soon.queue.waiting[0].late], [["a", "b"], false]);
  assert.deepEqual([later.names, later.queue.waiting[0].late], [["a"], true]);
});

test("a reload: what is no alert is left out, whatever the storage has", () => {
  const good = shownUntil([tip("a", 1), tip("b", 2)], 0).kept();
  const rule = { type: "tip", from: 0, text: "", image: "a.png", video: "", sound: "", duration_ms: 0, volume: 0.5 };
  assert.deepEqual(new Page({ ...good, alerts: [{ ...good.alerts[0], rule }] }).queue.waiting[0].rule, rule);
  const wrong = [
    ...[null, 5, "x", [], {}, { kind: "tip" }],
    ...[{ kind: "kill" }, { names: [] }, { names: [1] }, { recipients: "x" }, { message: null }, { count: "1" }, { amount: null }].map(
      (change) => ({ ...good.alerts[0], ...change }),
    ),
    ...[{ hold_ms: 0 }, { hold_ms: 1e12 }, { paid: 1 }, { rule: 1 }, { rule: { ...rule, volume: 5 } }, { rule: { ...rule, image: null } }].map(
      (change) => ({ ...good.alerts[0], ...change }),
    ),
  ];
  const page = new Page({ ...good, alerts: [...wrong, good.alerts[1]], last: wrong[4], groups: [1] });
  assert.deepEqual([page.names, page.queue.last, page.queue.groups], [["b"], null, []]);
  for (const kept of [null, 1, "x", [], {}, { ...good, version: 2 }, { ...good, alerts: {} }]) assert.deepEqual(new Page(kept).names, []);
  const nowhere = new Page({ ...good, alerts: [], position: "x" });
  nowhere.take(tip("a", 1));
  assert.deepEqual(nowhere.names, ["a"]);
});

test("what is kept is bounded: paid alerts first, in their order", () => {
  const page = new Page();
  for (let n = 1; n <= 90; n += 1) page.take(alert("redemption", `r${n}`, n, { text: "x".repeat(1_000) }));
  for (let n = 91; n <= 240; n += 1) page.take(alert("tip", `t${n}`, n, { text: "\u0000".repeat(100) }));
  assert.ok(JSON.stringify(page.kept()).length <= MOST + 1_000);
  const { names } = new Page(page.kept());
  assert.equal(names.filter((name) => name.startsWith("t")).length, 150);
  assert.ok(names.length > 150 && names.length < 240);
  assert.deepEqual(names, page.names.slice(0, names.length));
  for (let n = 241; n <= 900; n += 1) page.take(alert("tip", `t${n}`, n, { text: "\u0000".repeat(100) }));
  assert.ok(JSON.stringify(page.kept()).length <= MOST + 1_000);
});

test("keep: a value that changes often is written a few times per second, and when the page is closed", () => {
  /** @type {string[]} */
  const written = [];
  /** @type {(() => void)[]} */
  const timers = [];
  const storage = /** @type {any} */ ({ setItem: (/** @type {string} */ _, /** @type {string} */ value) => written.push(value) });
  const keep = keeper("main", () => storage, (run) => timers.push(run)); // prettier-ignore
  let value = 0;
  const change = () => {
    value += 1;
    keep.saveSoon("alerts", () => value);
  };
  for (let n = 0; n < 100; n += 1) change();
  assert.deepEqual([written, keep.waits, timers.length], [["1"], true, 1]);
  timers.shift()?.();
  assert.deepEqual([written, keep.waits, timers.length], [["1", "100"], false, 1]);
  timers.shift()?.();
  assert.equal(timers.length, 0, "nothing has changed");
  change();
  change();
  keep.close();
  assert.deepEqual(written, ["1", "100", "101", "102"]);
});

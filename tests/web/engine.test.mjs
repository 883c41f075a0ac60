// @ts-check
// Engine, scheduler and view with a page of plain objects: times of rendering, and writes to the page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../web_overlay/js/core/clock.mjs";
import { ROOM } from "../../web_overlay/js/core/pending.mjs";
import { Engine } from "../../web_overlay/js/core/engine.mjs";
import { Journal } from "../../web_overlay/js/core/journal.mjs";
import { Record } from "../../web_overlay/js/core/record.mjs";
import { Scheduler } from "../../web_overlay/js/core/scheduler.mjs";
import { View } from "../../web_overlay/js/core/view.mjs";
import { event } from "./make.mjs";

/** A widget that notes what it was told. @param {string[]} types */
function widget(types) {
  /** @type {{id: string, late: boolean}[]} */
  const seen = [];
  return {
    ...{ types, seen },
    updateAction: (/** @type {any} */ each, /** @type {any} */ moment) => void seen.push({ id: each.id, late: moment.late }),
    frame: () => Infinity,
  };
}

/** @param {any[]} widgets */
function stand(...widgets) {
  const time = { now: 0 };
  /** @type {[string, number][]} */
  const drawn = [];
  const clock = new Clock(() => time.now, 0);
  const journal = new Journal();
  const record = new Record(clock, journal);
  const engine = new Engine({
    clock,
    view: new View(),
    parts: widgets.map((widget) => ({ types: widget.types, widget })),
    record,
    drawn: (epoch, position) => drawn.push([epoch, position]),
  });
  return { time, drawn, journal, engine };
}

/** @param {number} first @param {number} last */
function critical(first, last) {
  return Array.from({ length: last - first + 1 }, (_, at) =>
    event({ id: `c${first + at}`, category: "critical", position: first + at }),
  );
}

test("a critical event counts as rendered when its frame is committed, not when it arrives", () => {
  const kills = widget(["kill"]);
  const { engine, drawn, journal } = stand(kills);
  engine.receive(critical(1, 3), "live", 0);
  engine.place("A", 3);
  assert.deepEqual(drawn, []);
  engine.frame(0);
  assert.deepEqual(drawn, [["A", 3]]);
  assert.deepEqual(
    journal.lines.map((line) => line.position),
    [1, 2, 3],
  );
});

test("thousands of critical events are applied in order over several frames, and reported at the end", () => {
  const kills = widget(["kill"]);
  const { engine, drawn, journal } = stand(kills);
  for (let first = 1; first <= 5_000; first += 100) {
    engine.receive(critical(first, first + 99), "replay", 0);
    engine.place("A", first + 99);
  }
  let frames = 0;
  for (; frames < 10 && engine.waiting > 0; frames += 1) assert.equal(engine.frame(0) <= 0, engine.waiting > 0);
  assert.equal(frames, 3);
  assert.deepEqual(drawn.at(-1), ["A", 5_000]);
  assert.deepEqual(
    journal.lines.map((line) => line.position),
    Array.from({ length: 5_000 }, (_, at) => at + 1),
  );
  assert.ok(
    kills.seen.every((each) => each.late),
    "replayed ones are told to be brief",
  );
});

test("a snapshot is applied in the order of the changes", () => {
  const score = (/** @type {string} */ id, /** @type {string} */ key, /** @type {number} */ at) =>
    event({ id, type: "score", category: "state", coalesce_key: key, ts_ingest_ms: at });
  const live = widget(["score"]);
  const { engine } = stand(live);
  engine.receive([score("1", "score", 1), score("2", "score:CT", 2), score("3", "score", 3)], "live", 0);
  engine.frame(0);
  const late = widget(["score"]);
  const second = stand(late);
  second.engine.receive([score("2", "score:CT", 2), score("3", "score", 3)], "welcome", 0);
  second.engine.frame(0);
  assert.deepEqual([live, late].map(({ seen }) => seen.map(({ id }) => id)), [
    ["2", "3"],
    ["2", "3"],
  ]);
});

test("late events of tests and of the demo are not shown, and count as rendered", () => {
  const cases = /** @type {[string, "live" | "replay", number, boolean][]} */ ([
    ["demo", "live", 0, true],
    ["demo", "replay", 0, false],
    ["demo", "live", 2_000, false],
    ["test", "live", 0, true],
    ["test", "replay", 0, false],
    ["cs2", "replay", 0, true],
    ["cs2", "live", 2_000, true],
  ]);
  for (const [source, origin, waited_ms, shown] of cases) {
    const kills = widget(["kill"]);
    const { engine, drawn } = stand(kills);
    engine.receive([event({ category: "critical", position: 1, source })], origin, 0);
    engine.place("A", 1);
    engine.frame(waited_ms);
    assert.deepEqual([kills.seen.length, drawn], [Number(shown), [["A", 1]]], `${source} ${origin}`);
  }
});

test("a state of a replayed frame is late, and its age is no latency", () => {
  const trains = widget(["hype_train"]);
  const { engine, time, journal } = stand(trains);
  const train = (/** @type {string} */ id) => event({ id, type: "hype_train", category: "state", coalesce_key: id, ts_ingest_ms: 0 });
  time.now = 800_000;
  engine.receive([train("of a welcome")], "welcome", 0);
  engine.receive([train("of a catch-up")], "replay", 0);
  engine.receive([train("of now")], "live", 0);
  engine.frame(800_000);
  assert.deepEqual(trains.seen.map(({ id, late }) => [id, late]), [["of a welcome", true], ["of a catch-up", true], ["of now", false]]);
  assert.deepEqual(journal.lines.map(({ id, replay }) => [id, replay]), [["of a catch-up", true], ["of now", false]]);
  assert.equal(engine.record.latency.all.size, 1);
});

test("unknown and custom types are applied like all others, without a widget", () => {
  const { engine, journal } = stand();
  engine.receive([event({ type: "custom" }), event({ type: "from_the_future" })], "live", 0);
  engine.frame(0);
  assert.equal(journal.lines.length, 2);
  assert.equal(engine.counters.unknown, 2);
});

test("an event is late after a second of waiting or after its TTL; it is not lost", () => {
  const kills = widget(["kill"]);
  const { engine, time } = stand(kills);
  engine.receive(critical(1, 1), "live", 0);
  time.now = 1_500;
  engine.receive(
    [
      event({ id: "old", category: "critical", position: 2, ts_ingest_ms: 0, ttl_ms: 1_000 }),
      event({ id: "new", category: "critical", position: 3, ts_ingest_ms: 1_400, ttl_ms: 1_000 }),
    ],
    "live",
    0,
  );
  engine.frame(time.now);
  assert.deepEqual(kills.seen, [
    { id: "c1", late: true },
    { id: "old", late: true },
    { id: "new", late: false },
  ]);
});

test("state is applied before the critical events of the same frame, with only its last value", () => {
  const all = widget(["kill", "streak"]);
  const { engine } = stand(all);
  engine.receive(
    [
      ...critical(1, 1),
      ...["s1", "s2"].map((id) => event({ id, type: "streak", category: "state", coalesce_key: "streak:1" })),
    ],
    "live",
    0,
  );
  engine.frame(0);
  assert.deepEqual(
    all.seen.map((each) => each.id),
    ["s2", "c1"],
  );
});

test("a failing widget is counted; other widgets and reports continue", () => {
  const broken = { ...widget(["kill"]), updateAction: () => assert.fail("broken"), frame: () => assert.fail("broken") };
  const kills = widget(["kill"]);
  const { engine, drawn } = stand(broken, kills);
  const error = console.error;
  console.error = () => {};
  engine.receive(critical(1, 2), "live", 0);
  engine.place("A", 2);
  engine.frame(0);
  console.error = error;
  assert.equal(kills.seen.length, 2);
  assert.deepEqual(drawn, [["A", 2]]);
  assert.equal(engine.counters.faults, 3);
});

test("critical events that wait are counted apart from normal ones", () => {
  const { engine } = stand();
  engine.receive(critical(1, ROOM), "live", 0);
  for (let at = 0; at < 5_000; at += 1) engine.receive([event({ type: "chat" })], "live", 0);
  assert.equal(engine.pending, ROOM);
  engine.frame(0);
  assert.equal(engine.pending + engine.counters.critical, ROOM);
});

test("latency is from ingest to commit, and replays do not count", () => {
  const { engine, time } = stand();
  engine.receive([event({ ts_ingest_ms: 10 })], "live", 0);
  engine.receive([event({ ts_ingest_ms: 10 })], "replay", 0);
  time.now = 25;
  engine.frame(25);
  assert.deepEqual([engine.record.latency.all.size, engine.record.latency.all.at(0)], [1, 15]);
});

test("a latency of more than a minute ago does not count", () => {
  const { engine, time } = stand();
  const percentiles = () => engine.record.recent().all.percentiles(0.5, 0.95);
  const live = (/** @type {number} */ ingest, /** @type {number} */ now) => {
    time.now = now;
    engine.receive([event({ ts_ingest_ms: ingest })], "live", now);
    engine.frame(now);
  };
  for (let at = 0; at < 600; at += 1) live(0, 1_000);
  assert.deepEqual(percentiles(), [1_000, 1_000]);
  live(39_980, 40_000);
  time.now = 61_001;
  assert.deepEqual(percentiles(), [20, 20]);
  assert.deepEqual(engine.record.recent().list()[3].p95_ms, 0);
  time.now = 100_001;
  assert.deepEqual(percentiles(), [null, null]);
  assert.deepEqual(engine.record.recent().list()[3].p95_ms, null);
  live(100_000, 100_010);
  assert.deepEqual(percentiles(), [10, 10]);
});

test("each stage of the latency has its own figures; without a time of the source the first has none", () => {
  const { engine, time, journal } = stand();
  time.now = 40;
  engine.receive([event({ ts_ingest_ms: 10 })], "live", 30);
  time.now = 45;
  engine.frame(45);
  const stages = () => engine.record.latency.list().map(({ from, to, p50_ms, p95_ms }) => [from, to, p50_ms, p95_ms]);
  const [source, ...rest] = stages();
  assert.deepEqual(source, ["source", "ingest", null, null]);
  assert.deepEqual(rest, [
    ["ingest", "tick", 20, 20],
    ["tick", "received", 10, 10],
    ["received", "rendered", 5, 5],
  ]);
  engine.receive([event({ ts_source_ms: 2, ts_ingest_ms: 10 })], "live", 30);
  engine.frame(45);
  assert.deepEqual(stages()[0], ["source", "ingest", 8, 8]);
  const [{ ts_ingest_ms, tick_ms, received_ms, committed_ms }] = journal.lines;
  assert.deepEqual([ts_ingest_ms, tick_ms, received_ms, committed_ms], [10, 30, 40, 45]);
});

/** A scheduler whose frames and timers the test runs. @param {(now: number) => number} draw */
function loom(draw) {
  const time = { now: 0 };
  /** @type {((t: number) => void)[]} */
  const asked = [];
  /** @type {{run: () => void, ms: number}[]} */
  const timers = [];
  const scheduler = new Scheduler({
    ...{ draw, now: () => time.now, raf: (run) => void asked.push(run) },
    setTimer: (run, ms) => timers[timers.push({ run, ms }) - 1],
    clearTimer: (timer) => void timers.splice(timers.indexOf(timer), 1),
  });
  return { scheduler, asked, timers, time };
}

test("a hundred requests are one frame, and a still picture requests none", () => {
  let draws = 0;
  const { scheduler, asked, timers } = loom(() => ((draws += 1), Infinity));
  for (let at = 0; at < 100; at += 1) scheduler.request();
  assert.equal(asked.length, 1);
  asked.splice(0).forEach((run) => run(16));
  assert.deepEqual([draws, asked.length, timers.length], [1, 0, 0]);
});

test("a movement requests the next frame, a later end sets one timer", () => {
  const wakes = [0, 500, 400, Infinity];
  const { scheduler, asked, timers } = loom(() => wakes.shift() ?? Infinity);
  const step = () => asked.splice(0).forEach((run) => run(16));
  scheduler.request();
  step();
  assert.equal(asked.length, 1, "it moves");
  step();
  assert.deepEqual(
    timers.map((timer) => timer.ms),
    [500],
  );
  scheduler.request();
  step();
  assert.deepEqual(
    timers.map((timer) => timer.ms),
    [400],
    "one timer, the nearer",
  );
  timers.splice(0).forEach((timer) => timer.run());
  step();
  assert.deepEqual([asked.length, timers.length], [0, 0]);
});

test("the rate is measured between consecutive frames, and a hidden page is not slow", () => {
  const { scheduler, asked, time } = loom(() => time.now);
  scheduler.request();
  for (const t of [100, 120, 140, 9_000, 9_020]) {
    time.now = t;
    asked.splice(0).forEach((run) => run(t));
  }
  assert.equal(scheduler.intervals.size, 3);
  assert.equal(scheduler.fps(), 50);
});

test("view: writes only differences, once, with the last value of a frame", () => {
  let writes = 0;
  const node = /** @type {any} */ ({
    set data(/** @type {string} */ value) {
      writes += 1;
      this.now = value;
    },
  });
  const view = new View();
  view.text(node, "a");
  view.text(node, "b");
  assert.equal(writes, 0, "nothing is written before the flush");
  assert.equal(view.flush(), 1);
  view.text(node, "b");
  assert.equal(view.flush(), 0);
  view.text(node, "c");
  view.text(node, "b");
  assert.equal(view.flush(), 0, "there and back is nothing");
  assert.deepEqual([writes, node.now, view.counters.commits], [1, "b", 1]);
});

test("view: attributes that could carry a script or an address are refused", () => {
  const view = new View();
  for (const name of ["href", "src", "onclick", "style", "srcdoc"])
    assert.throws(() => view.attribute(/** @type {any} */ ({}), name, "x"));
});

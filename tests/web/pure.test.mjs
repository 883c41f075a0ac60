// @ts-check
// The small pure modules: queue, store, statistics, clock, receipts, journal, colours, parameters, backoff.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MAX_MS, MIN_MS, delay } from "../../web_overlay/js/core/backoff.mjs";
import { Clock } from "../../web_overlay/js/core/clock.mjs";
import { CONTRAST, PANEL_LUMINANCE, colorWords, luminance, nameColor, raise, teamColor } from "../../web_overlay/js/core/color.mjs";
import { Journal } from "../../web_overlay/js/core/journal.mjs";
import { readParams } from "../../web_overlay/js/core/params.mjs";
import { LEVELS } from "../../web_overlay/js/core/governor.mjs";
import { Queue } from "../../web_overlay/js/core/queue.mjs";
import { Receipts } from "../../web_overlay/js/core/receipts.mjs";
import { Recent } from "../../web_overlay/js/core/stats.mjs";
import { Texts } from "../../web_overlay/js/core/text.mjs";
import { Store } from "../../web_overlay/js/core/store.mjs";
import { Watch, csv } from "../../web_overlay/js/core/watch.mjs";
import { Measured } from "../../web_overlay/js/dashboard/measured.mjs";
import { back } from "../../web_overlay/js/place.mjs";
import { count, duration, size } from "../../web_overlay/js/dashboard/format.mjs";
import { ICONS } from "../../web_overlay/js/widgets/icons.mjs";
import { gameNotice } from "../../web_overlay/js/widgets/notices.mjs";
import { arrival, event } from "./make.mjs";

test("queue: higher priority first, then older events", () => {
  const queue = new Queue();
  for (const [id, priority] of /** @type {[string, number][]} */ ([
    ["a", 3],
    ["b", 9],
    ["c", 3],
    ["d", 0],
    ["e", 12],
  ]))
    queue.push(event({ id, priority }), arrival());
  assert.deepEqual(
    queue.take(0).map((entry) => entry.event.id),
    ["b", "e", "a", "c", "d"],
  );
  assert.deepEqual(queue.take(0), []);
});

test("queue: expired events are counted and not shown; ttl 0 is unlimited", () => {
  const queue = new Queue();
  queue.push(event({ id: "over", ttl_ms: 100, ts_ingest_ms: 1_000 }), arrival());
  queue.push(event({ id: "just", ttl_ms: 100, ts_ingest_ms: 1_001 }), arrival());
  queue.push(event({ id: "ever", ttl_ms: 0, ts_ingest_ms: 0 }), arrival());
  assert.deepEqual(
    queue.take(1_101).map((entry) => entry.event.id),
    ["just", "ever"],
  );
  assert.equal(queue.counters.expired, 1);
});

test("queue: equal coalesce keys are one entry with its first position, the newest payload and the sum of counts", () => {
  const queue = new Queue();
  queue.push(event({ id: "h1", coalesce_key: "hit:1", count: 2, payload: { n: 1 } }), arrival());
  queue.push(event({ id: "x" }), arrival());
  queue.push(event({ id: "h2", coalesce_key: "hit:1", count: 5, payload: { n: 2 } }), arrival());
  const [first, second] = queue.take(0);
  assert.deepEqual([first.event.id, first.event.count, /** @type {any} */ (first.event.payload).n, second.event.id], ["h2", 7, 2, "x"]);
  queue.push(event({ coalesce_key: "hit:1" }), arrival());
  assert.equal(queue.take(0)[0].event.count, 1, "what was taken is not merged with");
});

test("queue: a full queue drops the oldest event of the lowest priority, the new one included", () => {
  const queue = new Queue(3);
  for (const [id, priority] of /** @type {[string, number][]} */ ([
    ["a", 5],
    ["b", 1],
    ["c", 1],
    ["d", 4],
    ["e", 0],
  ]))
    queue.push(event({ id, priority }), arrival());
  assert.deepEqual(
    queue.take(0).map((entry) => entry.event.id),
    ["a", "d", "c"],
  );
  assert.equal(queue.counters.overflowed, 2);
});

test("queue: a slow page takes chat ten times a second, and none in an emergency", () => {
  const [full, , calm, emergency] = LEVELS;
  const queue = new Queue();
  const say = (/** @type {string} */ id, priority = 3) => queue.push(event({ id, priority, coalesce_key: id }), arrival());
  const taken = (/** @type {typeof full} */ level, /** @type {number} */ now) => queue.take(0, level, now).map((entry) => entry.event.id);
  say("a");
  assert.deepEqual(taken(calm, 1_000), ["a"]);
  say("b");
  say("hit", 5);
  assert.deepEqual(taken(calm, 1_050), ["hit"]);
  assert.deepEqual([queue.size, queue.due(calm)], [1, 1_100]);
  assert.deepEqual(taken(calm, 1_100), ["b"]);
  assert.equal(queue.due(calm), Infinity);
  say("c");
  assert.deepEqual(taken(full, 1_101), ["c"]);
  say("d");
  say("hit", 5);
  say("show", 9);
  assert.deepEqual(taken(emergency, 2_000), ["show", "hit"]);
  assert.deepEqual([queue.counters.shed, queue.dropped, queue.size], [1, 1, 0]);
});

test("queue: every event ends in exactly one bucket", () => {
  const queue = new Queue(20);
  let seed = 3;
  const random = () => (seed = (seed * 48_271) % 0x7fffffff) / 0x7fffffff;
  for (let step = 0; step < 5_000; step += 1) {
    if (random() < 0.03) queue.take(step, LEVELS[Math.floor(random() * LEVELS.length)], step);
    const key = random() < 0.3 ? `k${Math.floor(random() * 5)}` : null;
    queue.push(
      event({
        priority: Math.floor(random() * 10),
        coalesce_key: key,
        ttl_ms: Math.floor(random() * 60),
        ts_ingest_ms: step,
      }),
      arrival({ received: step }),
    );
    const { received, taken, merged, expired, overflowed, shed } = queue.counters;
    assert.equal(received, taken + merged + expired + overflowed + shed + queue.size);
    assert.ok(queue.size <= 20);
  }
});

test("store: the last write per key counts, and a frame reads each changed key once, in the order of the changes", () => {
  const store = new Store();
  store.put(event({ id: "1", coalesce_key: "a" }), arrival());
  store.put(event({ id: "2", coalesce_key: "b" }), arrival());
  store.put(event({ id: "3", coalesce_key: "a" }), arrival());
  assert.deepEqual(
    store.take().map((value) => value.event.id),
    ["2", "3"],
  );
  assert.deepEqual(store.take(), []);
  assert.equal(store.counters.superseded, 1);
});

test("store: a snapshot does not revert a later frame", () => {
  const store = new Store();
  store.put(event({ id: "new", coalesce_key: "a", ts_ingest_ms: 20 }), arrival());
  store.take();
  store.put(event({ id: "old", coalesce_key: "a", ts_ingest_ms: 10 }), arrival({ origin: "welcome" }));
  assert.deepEqual(store.take(), []);
  store.put(event({ id: "newer", coalesce_key: "a", ts_ingest_ms: 30 }), arrival({ origin: "welcome" }));
  assert.deepEqual(
    store.take().map((value) => value.event.id),
    ["newer"],
  );
});

test("store: it is bounded; the key with the oldest change is removed", () => {
  const store = new Store(2);
  for (const key of ["a", "b", "a", "c"]) store.put(event({ coalesce_key: key }), arrival());
  assert.deepEqual([...store.values.keys()], ["a", "c"]);
  assert.deepEqual(
    store.take().map((value) => value.event.coalesce_key),
    ["a", "c"],
  );
});

test("stats: percentiles agree with a brute-force calculation", () => {
  const recent = new Recent(64);
  /** @type {number[]} */
  const all = [];
  let seed = 11;
  for (let step = 0; step < 300; step += 1) {
    const value = (seed = (seed * 48_271) % 0x7fffffff) % 1_000;
    recent.push(value);
    all.push(value);
    const last = all.slice(-64).sort((a, b) => a - b);
    for (const share of [0.01, 0.5, 0.95, 1])
      assert.equal(recent.percentiles(share)[0], last[Math.ceil(share * last.length) - 1]);
    assert.equal(recent.at(0), value);
  }
  assert.deepEqual(new Recent(4).percentiles(0.5, 0.95), [null, null]);
});

test("clock: of the last eight exchanges the one with the shortest round trip is used", () => {
  const clock = new Clock(() => 0, 0);
  clock.learn(0, 100, 5_100); // says 5050
  clock.learn(200, 202, 5_201); // says 5000: shortest
  clock.learn(300, 400, 5_400);
  assert.equal(clock.offset_ms, 5_000);
  for (let step = 0; step < 8; step += 1) clock.learn(1_000, 1_010, 7_005);
  assert.equal(clock.offset_ms, 6_000);
});

test("clock: the first exchange after the server's clock was set counts alone", () => {
  const clock = new Clock(() => 0, 0);
  for (let step = 0; step < 8; step += 1) clock.learn(200, 202, 5_201); // says 5000
  clock.learn(1_000, 1_400, 4_700 - 3_600_000); // a slow one, an hour earlier: 3500
  assert.equal(clock.offset_ms, 3_500 - 3_600_000);
  clock.learn(2_000, 2_002, 5_501 - 3_600_000); // says 3500
  assert.equal(clock.offset_ms, 3_500 - 3_600_000);
});

test("receipts: what was never visible is told once, as ranges, and a flood of it is bounded", () => {
  const receipts = new Receipts();
  for (const position of [0, 3, 4, 5, 9]) receipts.replaced(position);
  receipts.drawn("A", 9);
  const figures = () => ({ fps: null, p50: null, p95: null, queue: 0, dropped: 0 });
  assert.deepEqual(receipts.take(1_000, "A", figures)?.unseen, [[3, 5], [9, 9]]);
  for (let position = 10; position < 400; position += 2) receipts.replaced(position);
  receipts.drawn("A", 400);
  const receipt = receipts.take(2_000, "A", figures);
  assert.equal(/** @type {any[]} */ (receipt?.unseen).length, 50);
  assert.ok(JSON.stringify(receipt).length < 1_000);
  receipts.drawn("A", 401);
  assert.equal(receipts.take(3_000, "A", figures)?.unseen, undefined);
});

test("receipts: at most every 100 ms, only of this epoch, and periodically with measurements", () => {
  const receipts = new Receipts();
  const figures = () => ({ fps: 59.96, p50: 9.123, p95: null, queue: 0, dropped: 2 });
  receipts.drawn("A", 5);
  assert.deepEqual(receipts.take(1_000, "A", figures), {
    t: "receipt",
    position: 5,
    queue: 0,
    dropped: 2,
    fps: 60,
    latency_p50_ms: 9.1,
  });
  receipts.drawn("A", 6);
  assert.equal(receipts.take(1_099, "A", figures), null);
  assert.equal(receipts.take(1_100, "B", figures), null, "a position of another log means nothing there");
  assert.equal(receipts.take(1_100, "A", figures)?.position, 6);
  assert.equal(receipts.due(), Infinity);
  receipts.framed();
  assert.equal(receipts.due(), 3_100);
  receipts.greeted(0);
  assert.equal(receipts.due(), 1_200, "and never more often than that");
  receipts.turned();
  assert.equal(receipts.take(1_200, "A", figures)?.position, 6, "a page that is hidden says so at once");
  receipts.greeted(2_000);
  receipts.drawn("A", 7);
  assert.equal(receipts.due(), 3_200, "a gateway of many overlays asks for longer pauses");
});

test("journal: bounded; the oldest entries are removed together and counted", () => {
  const journal = new Journal(10, 4);
  const lines = journal.lines;
  for (let position = 1; position <= 13; position += 1) {
    journal.add({
      id: String(position),
      type: "kill",
      position,
      count: 1,
      ts_ingest_ms: 0,
      tick_ms: 0,
      received_ms: 0,
      committed_ms: 0,
      replay: false,
    });
  }
  assert.equal(journal.lines, lines, "the array stays the same object");
  assert.deepEqual([lines[0].position, lines.at(-1)?.position, journal.forgotten], [5, 13, 4]);
});

test("colours: every name is legible on the panel, and a legible colour keeps its hue", () => {
  for (let step = 0; step < 4_096; step += 1) {
    const color = `#${(step * 4_099).toString(16).padStart(6, "0").slice(-6)}`;
    const rgb = [1, 3, 5].map((at) => parseInt(raise(color).slice(at, at + 2), 16));
    assert.ok((luminance(rgb) + 0.05) / (PANEL_LUMINANCE + 0.05) >= CONTRAST, color);
  }
  assert.equal(nameColor("#fafafa", "a"), "#fafafa");
  assert.equal(nameColor("javascript:", "a"), nameColor("", "a"));
  const sheet = readFileSync(new URL("../../web_overlay/css/tokens.css", import.meta.url), "utf8");
  for (const team of ["CT", "T", "red", "", "NC", "anything", "__proto__", "yellow", "VS", "green"]) {
    const token = /^var\((--fw-(?:team|other)-\w+)\)$/.exec(teamColor(team))?.[1];
    const color = new RegExp(`${token}: (#\\w{6});`).exec(sheet)?.[1] ?? "";
    const rgb = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    assert.ok((luminance(rgb) + 0.05) / (PANEL_LUMINANCE + 0.05) >= CONTRAST, team);
  }
});

test("two opposed sides have the same colours from a game and from an operator", () => {
  const words = (/** @type {string[][]} */ ...teams) => colorWords(teams.map(([team, side]) => ({ team, side })));
  assert.deepEqual(words(["CT", "ct"], ["TERRORIST", "t"]), ["ct", "t"]);
  assert.deepEqual(words(["Blue", "t"], ["Red", "ct"]), ["t", "ct"]);
  assert.deepEqual([teamColor("t"), teamColor("ct")], [teamColor("TERRORIST"), teamColor("CT")]);
  // Never two teams of one colour: while the operator chooses, the sides are not opposed.
  assert.deepEqual(words(["Blue", "t"], ["Red", ""]), ["Blue", "Red"]);
  assert.deepEqual(words(["Blue", "t"], ["Red", "t"]), ["Blue", "Red"]);
  assert.deepEqual(words(["Blue", "attack"], ["Red", "defend"]), ["Blue", "Red"]);
  assert.deepEqual(words(["A", "ct"], ["B", "t"], ["C", "t"]), ["A", "B", "C"]);
});

test("parameters: valid values are used, invalid ones are reported and ignored", () => {
  const { options, problems } = readParams(
    "?overlay_id=main-1&on_reload=live&kills=4&scale=0.5&widgets=chat,killfeed&hud=1",
    "#k=secret",
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    [options.overlayId, options.resume, options.kills, options.scale, options.hud, options.token],
    ["main-1", false, 4, 0.5, true, "secret"],
  );
  assert.deepEqual(options.widgets, ["chat", "killfeed"]);
  const pasted = readParams("", "#k=secret?overlay_id=main-1&kills=4");
  assert.deepEqual([pasted.options.token, pasted.options.overlayId, pasted.options.kills], ["secret", "main-1", 4]);
  assert.deepEqual(pasted.problems, []);
  const wrong = readParams(
    "?overlay_id=a%20b&kills=many&scale=&nonsense=1&constructor=1&widgets=chat,To%20aster&format=xml",
    "",
  );
  assert.equal(wrong.problems.length, 7);
  assert.deepEqual(wrong.options, readParams("", "").options);
});

test("parameters: volume, lifetime of chat and background", () => {
  const read = (/** @type {string} */ query) => readParams(query, "");
  const { options, problems } = read("?volume=40&ttl=15&bg=1B2a3c");
  assert.deepEqual([options.volume, options.ttl_ms, options.bg, problems], [0.4, 15_000, "1b2a3c", []]);
  assert.equal(read("?ttl=0").options.ttl_ms, Infinity);
  assert.deepEqual([read("").options.volume, read("").options.ttl_ms, read("").options.bg], [1, 60_000, ""]);
  for (const wrong of ["volume=101", "volume=-1", "volume=loud", "ttl=-1", "ttl=3601", "bg=url(x)", "bg=12345", "bg=blue"]) {
    assert.equal(read(`?${wrong}`).problems.length, 1, wrong);
  }
});

test("backoff: full jitter between its bounds, growing to the ceiling", () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    assert.equal(
      delay(attempt, () => 0),
      MIN_MS,
    );
    assert.ok(delay(attempt, () => 0.999999) <= MAX_MS);
  }
  for (let attempt = 0; attempt < 6; attempt += 1) assert.ok(delay(attempt, () => 0.999999) <= 500);
  assert.ok(delay(9, () => 0.999999) > 4_900);
});

const textsOf = (/** @type {string} */ lang) => new Texts(lang, JSON.parse(readFileSync(new URL(`../../web_overlay/lang/${lang}.json`, import.meta.url), "utf8")));
const texts = textsOf("en");

test("notices: every phase and outcome has a text, and none contains undefined", () => {
  const payloads = [
    ["alert_start", { alert: "a", title: "Indar" }],
    ...["win", "loss", "draw", "canceled", "over", undefined].map((outcome) => ["alert_end", { alert: "a", outcome }]),
    ...["match_start", "start", "match_end"].map((phase) => ["round", { phase }]),
    ["round", { phase: "end", reason: "Round_Draw" }],
    ["round", { phase: "end", winner: "CT", reason: "bomb_defused" }],
    ["objective", { action: "bomb_planted" }],
    ["objective", { action: "capture", target: "The_Crown", player: { id: "1", name: "Z" } }],
  ];
  for (const [type, payload] of payloads) {
    const notice = gameNotice(event({ type, payload }), texts);
    assert.doesNotMatch(JSON.stringify(notice), /undefined|null/);
  }
  assert.equal(gameNotice(event({ type: "round", payload: { phase: "freeze" } }), texts), null);
  assert.equal(gameNotice(event({ type: "round", payload: { phase: "end" } }), texts), null, "who won was said before");
});

test("notices: a team has the name that the score has, and words are those of the language", () => {
  const end = (/** @type {string} */ winner) => event({ type: "round", payload: { phase: "end", winner } });
  const names = { CT: "Copper Foxes" };
  assert.equal(gameNotice(end("CT"), texts, names)?.title, "Copper Foxes win");
  assert.equal(gameNotice(end("TERRORIST"), texts, names)?.title, "Terrorists win");
  assert.equal(gameNotice(end("constructor"), texts, names)?.title, "constructor win");
  assert.equal(gameNotice(end("CT"), textsOf("de"), names)?.title, "Sieg für Copper Foxes");
  const planted = event({ type: "objective", payload: { action: "planted", target: "B" } });
  assert.deepEqual([gameNotice(planted, texts)?.title, gameNotice(planted, texts)?.icon], ["Bomb planted · B", ICONS.bomb]);
});

test("dashboard: unknown values are a dash", () => {
  assert.deepEqual([count(null), size(undefined), duration("x")], ["–", "–", "–"]);
  assert.deepEqual([size(220e6), duration(3_725), count(12_345)], ["220 MB", "1 h 2 min", "12\u202f345"]);
});

test("a drop of the frame rate and a spike of the memory are warnings while they last", () => {
  const MB = 2 ** 20;
  const sample = (/** @type {number | null} */ fps, /** @type {number | null} */ memory) => {
    const none = { ts_ms: 0, latency_p50_ms: null, latency_p95_ms: null, script_p95_ms: null, queue: 0, dropped: 0 };
    return { ...none, fps, memory_bytes: memory === null ? null : memory * MB };
  };
  /** @type {[[number | null, number | null, number][], string[]][]} what comes, how often; what is warned of after it */
  const histories = [
    [[[60, 50, 60]], []],
    [[[60, 50, 60], [53, 50, 2]], []], // a late second or two is no drop
    [[[60, 50, 60], [53, 50, 3]], ["fps"]],
    [[[60, 50, 60], [53, 50, 3], [59, 50, 1]], []],
    [[[30, 50, 60], [29, 50, 60]], []], // OBS at 30 frames per second
    [[[60, 50, 2], [20, 50, 3]], []], // a page that has just begun
    [[[null, null, 600]], []],
    [[[60, 50, 60], [60, 81, 1]], []], // less than 32 MB more
    [[[60, 50, 60], [60, 83, 1]], ["memory"]],
    [[[60, 50, 60], [60, 83, 40]], []], // it stays there, so that it is the usual now
    [[[60, 500, 60], [60, 700, 1]], []], // less than half more
    [[[60, 50, 60], [20, 200, 5]], ["fps", "memory"]],
  ];
  for (const [history, warnings] of histories) {
    const watch = new Watch();
    for (const [fps, memory, times] of history) for (let at = 0; at < times; at += 1) watch.see(sample(fps, memory));
    assert.deepEqual(watch.warnings, warnings, JSON.stringify(history));
    assert.equal(watch.words().length, warnings.length);
  }
  const watch = new Watch();
  for (let at = 0; at < 2_000; at += 1) watch.see(sample(60, 50));
  assert.equal(watch.samples.length, 600);
});

test("a table of measurements is read by a spreadsheet and runs nothing there", () => {
  const rows = [{ a: 1.5, b: null, c: 'say "x", y' }, { a: -2, b: "=1+1", c: "two\nlines" }];
  assert.equal(csv(rows), 'a,b,c\r\n1.5,,"say ""x"", y"\r\n-2,\'=1+1,"two\nlines"\r\n');
  assert.equal(csv([]), "\r\n");
});

test("the dashboard keeps the measurements of the overlays that are connected", () => {
  const measured = new Measured();
  for (let at = 0; at < 1_000; at += 1) measured.see([{ overlay_id: "main", number: 7, fps: 60 }, { overlay_id: "main", number: 8 }], at);
  const samples = measured.overlays.get("main 7") ?? [];
  assert.deepEqual([measured.overlays.size, samples.length, samples[0].ts_ms, samples[0].fps, samples[0].queue], [2, 600, 400, 60, null]);
  measured.see([{ overlay_id: "main", number: 8 }], 1_000);
  assert.deepEqual([...measured.overlays.keys()], ["main 8"]);
  measured.see(undefined, 1_001);
  assert.equal(measured.overlays.size, 0);
});

test("a reload can go back by some critical events, and not before the first", () => {
  const resumes = (/** @type {string} */ value) => readParams(`?on_reload=${value}`, "");
  for (const [value, replay] of /** @type {[string, number][]} */ ([["resume", 0], ["replay:1", 1], ["replay:99", 99], ["replay:100", 100]])) {
    const { options, problems } = resumes(value);
    assert.deepEqual([options.resume, options.replay, problems], [true, replay, []]);
  }
  for (const value of ["replay", "replay:0", "replay:101", "replay:-1", "replay:5.5", "replay:"]) assert.equal(resumes(value).problems.length, 1, value);
  assert.deepEqual(back({ epoch: "e", position: 7 }, 5), { epoch: "e", position: 2 });
  assert.deepEqual(back({ epoch: "e", position: 3 }, 5), { epoch: "e", position: 0 });
  assert.equal(back(null, 5), null);
});

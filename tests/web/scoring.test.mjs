// @ts-check
// Changes of a score by hand, and the order in which they are sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Match } from "../../web_overlay/js/core/match.mjs";
import { BEGIN, opposed, readTime, reportOf, startedOrPaused, swapped, withPoints, withTeam, withTime } from "../../web_overlay/js/core/scoring.mjs";
import { Scoreboard } from "../../web_overlay/js/dashboard/scoreboard.mjs";
import { event } from "./make.mjs";

const NOW = 1_000_000;
const REPORT = {
  scores: { CT: 9, T: 10 },
  names: { CT: "Foxes", T: "Harbor" },
  logos: { CT: "foxes.png" },
  sides: { CT: "ct", T: "t" },
  maps_won: { T: 1 },
  map_name: "Nuke",
  best_of: 3,
  timer: { phase: "timeout", remaining_ms: 30_000, total_ms: 60_000 },
};

/** @param {Record<string, unknown>} payload @param {string} [source] */
const score = (payload, source = "gsi") => event({ type: "score", source, payload, coalesce_key: "score" });

/** @param {Record<string, unknown>} payload */
function standing(payload) {
  const match = new Match();
  match.add(score(payload));
  return match.standing();
}

test("a report of a match describes the same match", () => {
  assert.deepEqual(reportOf(standing(REPORT), NOW), REPORT);
  assert.deepEqual(reportOf(standing({ scores: { A: -1, B: 0 } }), NOW), { scores: { A: -1, B: 0 } });
});

test("a timer that has run out is not sent again", () => {
  const timer = { ts_ends_ms: NOW - 60_000, total_ms: 5 };
  assert.deepEqual(reportOf(standing({ scores: { A: 1, B: 2 }, timer }), NOW), { scores: { A: 1, B: 2 } });
});

test("one point less ends at zero", () => {
  const before = standing({ scores: { A: 1, B: -3 } });
  const points = (/** @type {number} */ at, /** @type {number} */ by, now = before) => withPoints(at, by)(now, NOW).teams[at].points;
  assert.deepEqual([points(0, 1), points(0, -1), points(1, -1), points(1, 1)], ["2", "0", "-3", "-2"]);
  assert.equal(points(0, -1, withPoints(0, -1)(before, NOW)), "0");
});

test("teams change places; sides and the words of the teams stay", () => {
  const { scores, names, logos, sides, maps_won } = /** @type {any} */ (reportOf(swapped(standing(REPORT), NOW), NOW));
  assert.deepEqual([scores, names, logos, sides, maps_won], [{ CT: 10, T: 9 }, { CT: "Harbor", T: "Foxes" }, { T: "foxes.png" }, { CT: "ct", T: "t" }, { CT: 1 }]);
  assert.deepEqual(swapped(swapped(standing(REPORT), NOW), NOW).teams, standing(REPORT).teams);
});

test("of more than two teams the first two change places", () => {
  const after = swapped(standing({ scores: { A: 1, B: 2, C: 3 } }), NOW);
  assert.deepEqual(reportOf(after, NOW), { scores: { A: 2, B: 1, C: 3 } });
});

test("a single team has an opponent", () => {
  const words = (/** @type {Record<string, number>} */ scores) => opposed(standing({ scores })).teams.map(({ team }) => team);
  assert.deepEqual([words({ CT: 1 }), words({ Blue: 1 }), words({ A: 1, B: 2, C: 3 })], [["CT", "Blue"], ["Blue", "Red"], ["A", "B", "C"]]);
});

test("a field of one team changes no other", () => {
  const after = withTeam(1, { name: "Owls", logo: "" })(standing(REPORT), NOW);
  assert.deepEqual(reportOf(after, NOW), { ...REPORT, names: { CT: "Foxes", T: "Owls" } });
});

test("a timer is set, started, paused and removed", () => {
  const set = withTime(90_000)(BEGIN, NOW);
  assert.deepEqual(set.timer, { remaining_ms: 90_000, total_ms: 90_000 });
  const running = startedOrPaused(set, NOW);
  assert.deepEqual(running.timer, { ts_ends_ms: NOW + 90_000, total_ms: 90_000 });
  const later = startedOrPaused(running, NOW + 30_000);
  assert.deepEqual(later.timer, { remaining_ms: 60_000, total_ms: 90_000 });
  assert.deepEqual(withTime(10_000)(running, NOW + 5).timer, { ts_ends_ms: NOW + 10_005, total_ms: 10_000 });
  assert.equal(startedOrPaused(running, NOW + 91_000).timer, null);
  assert.equal(withTime(null)(running, NOW).timer, null);
  assert.equal(startedOrPaused(BEGIN, NOW), BEGIN);
});

for (const [text, ms] of /** @type {[string, number | null | undefined][]} */ ([
  ...[["1:30", 90_000], ["01:05", 65_000], ["1:00:00", 3_600_000], ["5", 300_000], [" 2:00 ", 120_000], ["24:00:00", 86_400_000]],
  ...[["", null], ["0:00", null], ["24:00:01", undefined], ["soon", undefined], ["-1:00", undefined], ["1:2:3:4", undefined], ["1e3", undefined]],
])) {
  test(`"${text}" is ${ms} ms`, () => assert.equal(readTime(text), ms));
}

/** A board whose events are accepted, and come back when `back` is called. */
function made() {
  /** @type {any[]} */
  const sent = [];
  const board = new Scoreboard({
    emit: async (args) => sent.push(args.payload) > 0,
    server: () => NOW,
    changed: () => {},
  });
  return { board, sent, back: () => board.see([score(sent.at(-1), "dashboard")]) };
}

const turn = () => new Promise((done) => setImmediate(done));

test("a change waits for the one before it", async () => {
  const { board, sent, back } = made();
  board.see([score({ scores: { A: 0, B: 0 } })]);
  void board.change(withPoints(0, 1));
  void board.change(withPoints(0, 1));
  await turn();
  assert.deepEqual(sent, [{ scores: { A: 1, B: 0 } }]);
  back();
  await turn();
  assert.deepEqual(sent.at(-1), { scores: { A: 2, B: 0 } });
  back();
});

test("a change that is refused does not delay the next one", async () => {
  const { board } = made();
  let asked = 0;
  board.emit = async () => (asked += 1) < 0;
  board.see([score({ scores: { A: 0, B: 0 } })]);
  await board.change(withPoints(0, 1));
  await board.change(withPoints(0, 1));
  assert.deepEqual([asked, board.now.teams[0].points], [2, "0"]);
});

test("a key that is held does not fill the memory", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { board, sent } = made();
  board.see([score({ scores: { A: 0, B: 0 } })]);
  for (let n = 0; n < 100; n += 1) void board.change(withPoints(0, 1));
  for (let n = 0; n < 20; n += 1) {
    await turn();
    t.mock.timers.tick(1_000); // none comes back
  }
  assert.equal(sent.length, 8);
  assert.equal(board.waiting, 0);
});

test("what an operator entered can be shown again after it was cleared; what a source sent cannot", async () => {
  const { board, sent } = made();
  await board.change(withTeam(0, { name: "Foxes" }));
  assert.deepEqual([sent, board.shown, board.now.teams[0].name], [[], false, "Foxes"]);
  board.see([score(reportOf(board.now, NOW), "dashboard")]);
  board.see([score({ scores: {} }, "clear")]);
  assert.deepEqual([board.shown, board.now.teams[0].name], [false, "Foxes"]);
  board.see([score({ scores: { CT: 1, T: 2 } }), score({ scores: {} })]);
  assert.equal(board.now.teams[0].name, "Foxes");
});

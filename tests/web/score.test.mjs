// The match that reports of a score describe, and its timer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Match } from "../../web_overlay/js/core/match.mjs";
import { readTimer } from "../../web_overlay/js/core/timer.mjs";

const NAMES = { CT: "Copper Foxes", TERRORIST: "Night Harbor" };

/** @param {[Record<string, any>, string?, string?][]} reports payload, key, source */
function match(reports) {
  const made = new Match();
  for (const [payload, coalesce_key = "score", source = "srcds"] of reports) {
    made.add(/** @type {any} */ ({ payload: { scores: {}, ...payload }, coalesce_key, source }));
  }
  return made;
}

/** @param {Match} made */
function points(made) {
  return made.standing().teams.map(({ team, points }) => `${team} ${points}`);
}

/** @type {Record<string, [Parameters<typeof match>[0], string[]]>} */
const TEAMS = {
  "two teams": [[[{ scores: { CT: 1, T: 2 } }]], ["CT 1", "T 2"]],
  "one team at a time": [[[{ scores: { CT: 1 } }, "score:CT"], [{ scores: { T: 2 } }, "score:T"]], ["CT 1", "T 2"]],
  "one team at a time, under one key": [[[{ scores: { CT: 1 } }], [{ scores: { T: 2 } }], [{ scores: { CT: 3 } }]], ["T 2", "CT 3"]],
  "a part of a whole": [[[{ scores: { CT: 0, T: 0 } }], [{ scores: { T: 1 } }, "score:T"]], ["CT 0", "T 1"]],
  "a whole after a part": [[[{ scores: { T: 9 } }, "score:T"], [{ scores: { A: 2, B: 3 } }]], ["A 2", "B 3"]],
  "another source": [[[{ scores: { CT: 1, T: 2 } }], [{ scores: { CT: 5 } }, "score:CT", "gsi"]], ["CT 5"]],
  "facts of another source": [[[{ scores: { A: 1, B: 2 } }, "score", "dashboard"], [{ map_name: "Nuke" }, "score:map"]], ["A 1", "B 2"]],
  "an empty report of another source": [[[{ scores: { A: 1, B: 2 } }, "score", "dashboard"], [{}, "score", "clear"]], []],
  "an empty report clears": [[[{ scores: { CT: 1, T: 2 } }], [{ scores: { T: 3 } }, "score:T"], [{}]], []],
  "a report of other facts does not": [[[{ scores: { CT: 1, T: 2 } }], [{ map_name: "Nuke" }, "score:map"]], ["CT 1", "T 2"]],
  "five teams": [[[{ scores: { A: 1, B: 2, C: 3, D: 4, E: 5 } }]], ["A 1", "B 2", "C 3", "D 4"]],
  "the name of a property": [[[{ scores: JSON.parse('{"__proto__": 1, "constructor": 2}') }]], ["__proto__ 1", "constructor 2"]],
};

for (const [name, [reports, expected]] of Object.entries(TEAMS)) {
  test(`score: ${name}`, () => assert.deepEqual(points(match(reports)), expected));
}

test("score: facts of several keys are merged, also when they come before the points", () => {
  const made = match([
    [{ names: { CT: NAMES.CT } }, "score:name:CT"],
    [{ names: { TERRORIST: NAMES.TERRORIST } }, "score:name:TERRORIST"],
    [{ logos: { CT: "foxes.png" }, best_of: 3, maps_won: { CT: 1 } }, "score:series"],
    [{ scores: { CT: 1 }, sides: { CT: "ct" } }, "score:CT"],
    [{ scores: { TERRORIST: 2 }, sides: { TERRORIST: "t" } }, "score:TERRORIST"],
    [{ map_name: "Nuke" }, "score:map"],
  ]);
  assert.deepEqual(made.names(), NAMES);
  assert.deepEqual(made.standing(), {
    teams: [
      { team: "CT", points: "1", name: NAMES.CT, logo: "foxes.png", side: "ct", won: 1 },
      { team: "TERRORIST", points: "2", name: NAMES.TERRORIST, logo: "", side: "t", won: 0 },
    ],
    ...{ map: "Nuke", number: 2, of: 3, timer: null },
  });
});

test("score: the match of another source begins with its points, and has what it reported before", () => {
  const made = match([
    [{ scores: { A: 1, B: 2 }, best_of: 3 }, "score", "dashboard"],
    [{ map_name: "Nuke" }, "score:map"],
    [{ names: { CT: NAMES.CT } }, "score:name:CT"],
  ]);
  assert.deepEqual([made.standing().map, made.standing().of, made.names(), made.source], ["", 3, {}, "dashboard"]);
  made.add(/** @type {any} */ ({ payload: { scores: { CT: 1 } }, coalesce_key: "score:CT", source: "srcds" }));
  assert.deepEqual([points(made), made.standing().map, made.standing().of, made.names()], [["CT 1"], "Nuke", 0, { CT: NAMES.CT }]);
});

test("score: the map after the last one of a series is the last one", () => {
  const scores = { A: 13, B: 7 };
  assert.equal(match([[{ scores, best_of: 3, maps_won: { A: 2, B: 1 } }]]).standing().number, 3);
  assert.equal(match([[{ scores }]]).standing().of, 0);
});

test("score: a series that is decided announces no next map", () => {
  const number = (/** @type {Record<string, number>} */ maps_won, best_of = 3) =>
    match([[{ scores: { A: 13, B: 7 }, best_of, maps_won }]]).standing().number;
  assert.deepEqual([number({ A: 1 }), number({ A: 1, B: 1 }), number({ A: 2 }), number({ A: 1, B: 2 })], [2, 3, 2, 3]);
  assert.deepEqual([number({ A: 2 }, 5), number({ A: 3, B: 1 }, 5), number({ A: 1 }, 2), number({ A: 1 }, 1)], [3, 4, 2, 1]);
});

test("score: a report replaces all of the one before under its key, as for a page that loads later", () => {
  const timer = { phase: "live", ts_ends_ms: 5 };
  const scores = { CT: 1, T: 2 };
  const made = match([[{ scores, timer, names: { CT: "Foxes" } }], [{ scores }]]);
  assert.deepEqual([made.standing().timer, made.names()], [null, {}]);
});

test("score: callers choose the keys, and only some are kept", () => {
  const reports = /** @type {Parameters<typeof match>[0]} */ (Array.from({ length: 100 }, (_, n) => [{ map_name: `${n}` }, `score:${n}`]));
  const made = match(reports);
  assert.equal(made.reports.size, 16);
  assert.equal(made.standing().map, "99");
});

/** @type {Record<string, [any, Partial<ReturnType<typeof readTimer>> | null]>} by the server's clock it is 1,000,000 */
const TIMERS = {
  "no timer": [null, null],
  "neither end nor rest": [{ phase: "live" }, null],
  "a part of a second is a whole one": [{ ts_ends_ms: 1_074_300 }, { text: "1:15", next_ms: 300, low: false, paused: false, share: 0 }],
  "a whole second": [{ ts_ends_ms: 1_075_000 }, { text: "1:15", next_ms: 1_000 }],
  "the share": [{ ts_ends_ms: 1_019_900, total_ms: 40_000 }, { text: "0:20", share: 0.5 }],
  "more than the whole": [{ ts_ends_ms: 1_050_000, total_ms: 40_000 }, { share: 1 }],
  "hours": [{ ts_ends_ms: 4_605_000 }, { text: "1:00:05" }],
  "the last seconds": [{ ts_ends_ms: 1_010_000 }, { text: "0:10", low: true }],
  "it has run out": [{ ts_ends_ms: 999_000 }, { text: "0:00", next_ms: 9_000, share: 0 }],
  "no source continues it": [{ ts_ends_ms: 990_000 }, null],
  "it is paused": [{ remaining_ms: 9_000, total_ms: 18_000 }, { text: "0:09", paused: true, low: false, share: 0.5, next_ms: Infinity }],
  "next year": [{ ts_ends_ms: 4e12 }, null],
  "no numbers": [{ ts_ends_ms: NaN, remaining_ms: NaN }, null],
};

for (const [name, [timer, expected]] of Object.entries(TIMERS)) {
  test(`timer: ${name}`, () => {
    const reading = readTimer(timer, 1_000_000);
    if (expected === null) assert.equal(reading, null);
    else for (const [field, value] of Object.entries(expected)) assert.equal(/** @type {any} */ (reading)?.[field], value, field);
  });
}

test("timer: a frame at the told time shows the next second, until it is gone", () => {
  const timer = { ts_ends_ms: 1_003_250 };
  let [now, seen] = [1_000_000, /** @type {string[]} */ ([])];
  for (let reading = readTimer(timer, now); reading !== null; reading = readTimer(timer, now)) {
    seen.push(reading.text);
    now += reading.next_ms;
  }
  assert.deepEqual(seen, ["0:04", "0:03", "0:02", "0:01", "0:00"]);
  assert.equal(now, 1_013_250);
});

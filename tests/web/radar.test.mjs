// @ts-check
// Packed positions and the model of the radar.

import assert from "node:assert/strict";
import { test } from "node:test";

import { decode } from "../../web_overlay/js/core/codec.mjs";
import { Link } from "../../web_overlay/js/core/link.mjs";
import { Positions } from "../../web_overlay/js/core/positions.mjs";
import { MOST, MOST_MAPS, Radar, namePlaces, onMap } from "../../web_overlay/js/core/radar.mjs";

/** Written by hand from docs/wire.md. @param {string} map @param {[number, number, number, number, number][]} places */
function packed(map, places) {
  const name = new TextEncoder().encode(map);
  const view = new DataView(new ArrayBuffer(13 + name.length + 16 * places.length));
  view.setUint8(0, 0xc1);
  view.setUint8(1, 1);
  view.setFloat64(2, 1_763_690_000_000.5, true);
  view.setUint16(10, places.length, true);
  view.setUint8(12, name.length);
  name.forEach((byte, at) => view.setUint8(13 + at, byte));
  places.forEach(([number, x, y, z, yaw], at) => {
    const start = 13 + name.length + 16 * at;
    view.setUint16(start, number, true);
    [x, y, z].forEach((value, nth) => view.setFloat32(start + 2 + 4 * nth, value, true));
    view.setUint16(start + 14, (yaw / 360) * 65_536, true);
  });
  return view.buffer;
}

const told = (/** @type {number} */ number, id = `p${number}`, more = {}) => ({
  type: "radar_player",
  payload: { map: "w", number, player: { id, name: id }, ...more },
});
const shown = (more = {}) => ({ type: "radar", payload: { map: "w", left: 0, top: 0, right: 100, bottom: 100, ...more } });

test("packed positions are read, and nothing else is taken for them", () => {
  const read = /** @type {Positions} */ (decode(packed("wörld", [[7, 1.5, 64, -2.25, 90]])));
  assert.ok(read instanceof Positions);
  assert.equal(read.map, "wörld");
  assert.equal(read.ts_ms, 1_763_690_000_000.5);
  /** @type {number[][]} */
  const places = [];
  read.each((...place) => places.push(place));
  assert.deepEqual(places, [[7, 1.5, 64, -2.25, 90]]);
  for (const size of [1, 12, 20, 34]) assert.throws(() => decode(packed("wörld", [[7, 1, 2, 3, 4]]).slice(0, size)), /packed positions/);
  assert.equal(/** @type {any} */ (decode('{"t":"positions"}')).t, "positions"); // text is never positions
});

test("positions take no part in the conversation", () => {
  /** @type {any[]} */
  const acts = [];
  /** @type {any} */
  const session = { take: () => [], deadline: () => Infinity, message: () => assert.fail("no message") };
  const link = new Link({ origin: "", session, now: () => 0, act: (action) => acts.push(action) });
  link.received(() => decode(packed("w", [])));
  assert.deepEqual(acts.map((action) => action.do), ["positions"]);
});

test("players glide to their place, and a teleport is no movement", () => {
  const radar = new Radar();
  radar.apply(shown());
  radar.apply(told(1, "a", { x: 10, z: 10 }));
  radar.apply(told(2, "b", { x: 10, z: 10 }));
  assert.equal(radar.locate(new Positions(packed("w", [[1, 14, 0, 10, 0], [2, 90, 0, 10, 0], [9, 1, 1, 1, 1]]))), true); // prettier-ignore
  assert.equal(radar.glide(25, false), true);
  assert.deepEqual(radar.dots.map(({ x }) => x), [12, 90]);
  while (radar.glide(25, false));
  assert.equal(radar.dots[0].x, 14);
  radar.locate(new Positions(packed("w", [[1, 10, 0, 10, 0]])));
  assert.equal(radar.glide(0, true), false, "without movement at once");
  assert.equal(radar.dots[0].x, 10);
});

test("a turn takes the shorter way", () => {
  const radar = new Radar();
  radar.apply(shown());
  radar.apply(told(1, "a", { yaw: 350 }));
  radar.apply(told(1, "a", { x: 2, yaw: 10 }));
  radar.glide(25, false);
  assert.equal(radar.dots[0].yaw, 360);
});

test("only players of the shown map and of its last connection are there", () => {
  const radar = new Radar();
  radar.apply(told(1, "early", { run: "r2" })); // before its map
  radar.apply(shown({ run: "r1" }));
  radar.apply(told(2, "old", { run: "r1" }));
  assert.deepEqual(radar.dots.map(({ id }) => id), ["old"]);
  radar.apply(told(3, "new", { run: "r2" }));
  radar.apply(shown({ run: "r2" }));
  assert.deepEqual(radar.dots.map(({ id }) => id), ["new"]);
  assert.equal(radar.locate(new Positions(packed("other", [[3, 1, 1, 1, 1]]))), false);
});

test("the last map that was shown is shown, and its end shows the one before", () => {
  const radar = new Radar();
  assert.deepEqual(radar.dots, []);
  radar.apply(shown());
  radar.apply({ type: "radar", payload: { map: "test" } });
  assert.equal(radar.map?.map, "test");
  radar.apply({ type: "radar", payload: { map: "test", on: false } });
  assert.equal(radar.map?.map, "w");
});

test("a number belongs to the player who was told of last", () => {
  const radar = new Radar();
  radar.apply(shown());
  radar.apply(told(1, "a"));
  radar.apply(told(1, "b"));
  radar.apply(told(1, "a", { on: false })); // late
  assert.deepEqual(radar.dots.map(({ id }) => id), ["b"]);
  radar.apply({ type: "player_move", payload: { player: { id: "b", name: "b" }, x: 3, y: 4 } });
  radar.glide(0, true);
  assert.deepEqual(radar.dots.map(({ x, z }) => [x, z]), [[3, 4]]);
});

test("the number of players is bounded", () => {
  const radar = new Radar();
  radar.apply(shown());
  for (let number = 0; number < MOST + 10; number += 1) radar.apply(told(number));
  assert.equal(radar.dots.length, MOST);
});

test("a place outside of the map is at its edge", () => {
  const map = { map: "w", left: 0, right: 100, top: -50, bottom: 50 };
  assert.deepEqual(onMap(map, 50, 0), { x: 0.5, y: 0.5, inside: true });
  assert.deepEqual(onMap(map, 200, -80), { x: 1, y: 0, inside: false });
});

/** Map of 200, names of 50. @type {[string, [number, number][], number, ([number, number] | null)[]][]} */
const NAMES = [
  ["towards the middle", [[40, 100], [160, 50]], 0, [[53, 100], [97, 50]]],
  ["over no other dot, but on the other side", [[70, 100], [100, 100]], 0, [[7, 100], [113, 100]]],
  ["over no name, but above or below the dot", [[40, 100], [40, 130], [40, 115]], 0, [[53, 100], [53, 130], null]],
  ["above a dot in the middle of a row", [[60, 100], [85, 100], [110, 100]], 0, [[35, 83], [60, 117], [123, 100]]],
  ["beyond no edge", [[20, 100], [40, 100], [100, 2]], 0, [null, [53, 100], [75, 19]]],
  ["of no player", [], 0, []],
]; // prettier-ignore

for (const [where, places, sure, expected] of NAMES) {
  test(`names of the radar: ${where}`, () => {
    const spots = places.map(([x, y]) => ({ x, y, width: 50 }));
    assert.deepEqual(namePlaces(spots, 200, 17, sure), expected);
  });
}

test("a higher name needs more room above a dot", () => {
  const spots = [{ x: 60, y: 100, width: 50 }, { x: 85, y: 100, width: 0 }, { x: 35, y: 100, width: 0 }]; // prettier-ignore
  assert.deepEqual(namePlaces(spots, 200, 32, 0)[0], [35, 75.5]);
});

test("a dot without a name still keeps names away", () => {
  const spots = [{ x: 65, y: 100, width: 0 }, { x: 40, y: 100, width: 50 }]; // prettier-ignore
  assert.deepEqual(namePlaces(spots, 200, 17, 0), [null, [15, 83]]);
});

test("a name has no room between many dots; the streamer has one all the same", () => {
  const steps = [100, 80, 60, 120, 140];
  const spots = steps.flatMap((x) => steps.map((y) => ({ x, y, width: x === 100 && y === 100 ? 50 : 0 })));
  assert.deepEqual(namePlaces(spots, 200, 17, 0)[0], null);
  assert.deepEqual(namePlaces(spots, 200, 17, 1)[0], [37, 100]);
});

test("maps are bounded", () => {
  const radar = new Radar();
  for (let number = 0; number < 1_000; number += 1) {
    const map = `m${number}`;
    for (const event of [shown({ map }), told(1, "p1", { map }), told(1)]) radar.apply(event);
  }
  radar.apply(shown());
  assert.equal(radar.maps.size, MOST_MAPS);
  assert.equal(radar.players.size, MOST_MAPS);
  assert.deepEqual(
    radar.dots.map(({ id }) => id),
    ["p1"],
  );
});

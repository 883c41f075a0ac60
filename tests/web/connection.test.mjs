// @ts-check
// The connection behind its messages, in the page and through those of a worker; the choice between the two.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, pack, unpack } from "../../web_overlay/js/core/connection.mjs";
import { ROOM } from "../../web_overlay/js/core/pending.mjs";
import { Positions } from "../../web_overlay/js/core/positions.mjs";
import { Uplink } from "../../web_overlay/js/uplink.mjs";
import { event, frame, welcome } from "./make.mjs";

const START = {
  ...{ origin: "http://127.0.0.1:1", resume: null, near: true, transport: null, visible: true, room: ROOM },
  who: { token: "k", overlayId: "o", format: "json", build: "b" },
};

/** A connection, a socket of the test, and the page that receives its batches. */
class Stand {
  /** @param {{packed?: boolean, start?: Partial<typeof START & {room: number}>}} [options] */
  constructor({ packed = false, start = {} } = {}) {
    this.now = 0;
    /** @type {any[]} */
    this.sent = [];
    /** @type {any[]} */
    this.batches = [];
    const ws = (/** @type {string} */ _origin, /** @type {any} */ ear) => {
      this.ear = ear;
      return { send: (/** @type {any} */ message) => this.sent.push(message), close: () => {} };
    };
    this.connection = new Connection({ ...START, ...start }, {
      ...{ now: () => this.now, random: () => 0.5, setTimer: () => 1, clearTimer: () => {} },
      post: (batch) => this.batches.push(packed ? unpack(structuredClone(...sendable(batch))) : batch),
      transports: { ws, sse: ws, poll: ws },
    });
    this.connection.start();
  }

  open() {
    this.ear.opened();
    return this;
  }

  /** @param {...any} messages */
  hear(...messages) {
    for (const message of messages) this.ear.received(() => message);
    return this;
  }

  get last() {
    return this.batches.at(-1);
  }

  get positions() {
    return this.batches.flatMap(({ actions }) => actions).flatMap((action) => (action.do === "events" ? action.events : []))
      .map((/** @type {any} */ { position }) => position).filter((/** @type {number} */ position) => position > 0);
  }

  get hellos() {
    return this.sent.filter(({ t }) => t === "hello");
  }
}

/** @param {any} batch @returns {[any, StructuredSerializeOptions]} */
function sendable(batch) {
  const [data, transfer] = pack(batch);
  return [data, { transfer }];
}

for (const packed of [false, true]) {
  const where = packed ? "through the messages of a worker" : "in the page";

  test(`a batch has what a message caused, and the position after it, ${where}`, () => {
    const stand = new Stand({ packed }).open().hear(welcome(4), frame(5, 6), frame(6, 8), { t: "heartbeat", top: 8, server_ts_ms: 0 });
    assert.deepEqual(stand.positions, [5, 6, 7, 8]);
    let known = 4;
    for (const { actions, status } of stand.batches) {
      for (const action of actions) if (action.do === "events") known = action.events.at(-1).position;
      if (status.epoch !== "") assert.equal(status.position, known);
    }
    assert.deepEqual([stand.last.status.state, stand.last.status.epoch, stand.last.status.top], ["live", "A", 8]);
  });

  test(`texts and unknown keys arrive unchanged, ${where}`, () => {
    const payload = { user: "\u202eŻółć 🦀\u0000\ud800", nested: { "(__proto__)": 1, list: [null, true, -0.5] }, id: 2 ** 53 - 1 };
    const stand = new Stand({ packed }).open().hear(welcome(0), frame(1, 1, { events: [event({ position: 1, payload })] }));
    const [{ events }] = stand.last.actions.filter((/** @type {any} */ action) => action.do === "events");
    assert.deepEqual(events[0].payload, payload);
  });

  test(`packed positions arrive as bytes, apart from the conversation, ${where}`, () => {
    const bytes = new Uint8Array(13 + 1 + 16);
    bytes.set([0xc1, 1]);
    bytes.set([1, 0, 1, 0x77], 10);
    bytes.set([7], 14);
    const stand = new Stand({ packed }).open().hear(welcome(0), new Positions(bytes.buffer));
    const [{ do: done, message }] = stand.last.actions;
    assert.deepEqual([done, message.map, message.count], ["positions", "w", 1]);
    message.each((/** @type {number} */ number) => assert.equal(number, 7));
  });
}

test("what changes nothing is not posted", () => {
  const stand = new Stand().open().hear(welcome(4));
  const before = stand.batches.length;
  for (let turn = 0; turn < 3; turn += 1) stand.hear({ t: "heartbeat", top: 9, server_ts_ms: 0 });
  assert.equal(stand.batches.length, before + 1);
  assert.equal(stand.last.status.top, 9);
});

test("a receipt leaves only in a conversation of its epoch", () => {
  const stand = new Stand().open();
  const receipt = (/** @type {string} */ epoch) => {
    stand.connection.obey({ t: "receipt", epoch, message: { t: "receipt", epoch } });
    return stand.sent.filter(({ t }) => t === "receipt").length;
  };
  assert.equal(receipt("A"), 0, "before the welcome");
  stand.hear(welcome(4));
  assert.equal(receipt("A"), 1);
  stand.hear(frame(1, 1, { epoch: "B" }));
  stand.connection.link.expired();
  stand.hear(welcome(0, { epoch: "B" }));
  assert.equal(receipt("A"), 1);
  assert.equal(receipt("B"), 2);
  stand.ear.closed(1006, "");
  assert.equal(receipt("B"), 2);
});

test("every hello has the visibility of the page at that time", () => {
  const stand = new Stand({ start: { visible: false } }).open();
  assert.equal(stand.hellos[0].visible, false);
  stand.connection.obey({ t: "visible", visible: true });
  stand.ear.closed(1006, "");
  stand.now += 1_000;
  stand.connection.link.expired();
  stand.open();
  assert.deepEqual(stand.hellos.map(({ visible }) => visible), [false, true]);
});

test("events beyond the granted room stay in the log until nothing waits on the page", () => {
  const stand = new Stand({ start: { room: 5 } }).open().hear(welcome(0), frame(1, 4), frame(5, 8), frame(9, 9));
  assert.deepEqual(stand.positions, [1, 2, 3, 4, 5, 6, 7, 8], "the frame that exceeds the room is whole");
  assert.equal(stand.last.status.held, true);
  stand.connection.obey({ t: "room", more: 4, empty: false });
  assert.equal(stand.hellos.length, 1);
  stand.now += 1_000;
  stand.connection.obey({ t: "room", more: 4, empty: true });
  stand.connection.link.expired();
  assert.deepEqual(stand.hellos.map(({ resume }) => resume), [null, { epoch: "A", position: 8 }]);
  stand.hear(welcome(8), frame(9, 10));
  assert.deepEqual(stand.positions.slice(8), [9, 10]);
  assert.equal(stand.last.status.held, false);
});

/** A page with a worker of the test. */
class Desk {
  /** @param {{worker?: "0" | "1" | null, make?: () => any}} [options] */
  constructor({ worker = null, make = () => this.worker } = {}) {
    /** @type {any[]} */
    this.posted = [];
    /** @type {any[]} */
    this.acts = [];
    /** @type {string[]} */
    this.problems = [];
    this.ended = 0;
    this.wakes = 0;
    this.timers = /** @type {(() => void)[]} */ ([]);
    this.worker = { postMessage: (/** @type {any} */ message) => this.posted.push(message), terminate: () => (this.ended += 1) };
    this.engine = { pending: 0, waiting: 0, counters: { critical: 0 } };
    this.uplink = new Uplink(
      {
        ...{ worker, now: () => 0, visible: () => true, spent: () => {} },
        act: (action) => this.acts.push(action),
        wake: () => (this.wakes += 1),
        report: (problem) => this.problems.push(problem),
      },
      make,
      (run) => this.timers.push(run),
    );
    // No connection is opened in the main thread: what it would be opened with is noted.
    this.uplink.connect = (start) => {
      this.local = start;
      return /** @type {any} */ ({ start: () => {}, obey: (/** @type {any} */ order) => this.posted.push(order) });
    };
  }

  begin() {
    const { room: _room, visible: _visible, ...options } = START;
    this.uplink.start(options, /** @type {any} */ (this.engine));
    return this;
  }

  /** @param {unknown} data */
  say(data) {
    /** @type {any} */ (this.worker).onmessage({ data });
    return this;
  }

  /** @param {any[]} actions @param {Record<string, unknown>} status */
  batch(actions, status) {
    return this.say(JSON.stringify({ actions, status: { ...this.uplink.status, ...status } }));
  }
}

test("the worker begins once it has loaded and the page can take events, in either order", () => {
  for (const steps of [["say", "begin"], ["begin", "say"]]) {
    const desk = new Desk();
    for (const step of steps) step === "say" ? desk.say("ready") : desk.begin();
    assert.equal(desk.posted.length, 1);
    assert.deepEqual([desk.posted[0].t, desk.posted[0].start.room, desk.uplink.thread], ["start", ROOM, "worker"]);
    desk.timers.forEach((run) => run());
    assert.equal(desk.local, undefined);
    desk.batch([{ do: "place" }, { do: "events" }], { state: "live", position: 3, held: true });
    assert.deepEqual(desk.acts.map((action) => action.do), ["place", "events"]);
    assert.deepEqual([desk.uplink.status.position, desk.wakes], [3, 1]);
  }
});

test("without a worker the connection is opened in the main thread", () => {
  const refused = new Desk({ make: () => { throw new Error("refused by a policy"); } }).begin();
  assert.match(refused.problems[0], /refused by a policy/);
  const unwanted = new Desk({ worker: "0" }).begin();
  assert.deepEqual([unwanted.problems, unwanted.uplink.thread], [[], "main thread"]);
  const missing = new Desk().begin();
  /** @type {any} */ (missing.worker).onerror({});
  assert.match(missing.problems[0], /could not be loaded/);
  const slow = new Desk().begin();
  slow.timers.forEach((run) => run());
  assert.match(slow.problems[0], /has not started within 3000 ms/);
  slow.say("ready");
  for (const desk of [refused, unwanted, missing, slow]) {
    assert.equal(desk.local?.room, ROOM);
    assert.equal(desk.posted.length, 0);
    assert.match(desk.uplink.thread, /^main thread/);
  }
  assert.deepEqual([missing.ended, slow.ended], [1, 1]);
  const insisting = new Desk({ worker: "1" }).begin();
  insisting.timers.forEach((run) => run());
  assert.deepEqual([insisting.local, insisting.uplink.thread], [undefined, "worker"]);
});

test("a worker that fails later is replaced after the last event that the page has", () => {
  const desk = new Desk().begin().say("ready");
  desk.batch([], { state: "live", epoch: "A", position: 41 });
  desk.engine.pending = 7;
  /** @type {any} */ (desk.worker).onerror({ message: "broken" });
  assert.deepEqual([desk.local?.resume, desk.local?.room], [{ epoch: "A", position: 41 }, ROOM - 7]);
  desk.batch([{ do: "events" }], { position: 42 });
  assert.deepEqual([desk.acts, desk.uplink.status.position], [[], 41], "what it posted before its end is not taken twice");
});

test("room is granted for each thousand drawn events, and at once when events are held and none waits", () => {
  const desk = new Desk().begin().say("ready");
  const grants = () => desk.posted.filter(({ t }) => t === "room").map(({ more, empty }) => [more, empty]);
  const framed = (/** @type {number} */ critical, /** @type {number} */ waiting) => {
    Object.assign(desk.engine, { waiting, counters: { critical } });
    desk.uplink.framed();
  };
  framed(999, 5);
  assert.deepEqual(grants(), []);
  framed(1_100, 5);
  framed(1_200, 0);
  assert.deepEqual(grants(), [[1_100, false]]);
  desk.batch([], { held: true });
  framed(1_300, 3);
  framed(1_400, 0);
  assert.deepEqual(grants(), [[1_100, false], [300, true]]);
});

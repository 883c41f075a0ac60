// @ts-check
// Histories of one overlay and one gateway: delivered events, repeated hellos, and reconnects.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readMessage } from "../../web_overlay/js/core/protocol.mjs";
import { Session } from "../../web_overlay/js/core/session.mjs";
import { event, frame, welcome } from "./make.mjs";

const WHO = { token: "k", overlayId: "o", format: "msgpack", build: "b" };

/** A session and what it did, driven by hand. */
class Story {
  /** @param {{resume?: {epoch: string, position: number} | null, room?: () => boolean, random?: () => number}} [options] */
  constructor({ resume = null, room, random = () => 0.5 } = {}) {
    this.now = 1_000;
    /** @type {string[]} */
    this.applied = [];
    /** @type {any[]} */
    this.actions = [];
    this.session = new Session({ who: WHO, resume, random, room });
  }

  /** Carry out what was decided. */
  run() {
    const actions = this.session.take();
    for (const action of actions) {
      if (action.do === "events") this.applied.push(...action.events.map((each) => each.id));
      this.actions.push(action);
    }
    return actions;
  }

  connect() {
    this.session.tick(this.now);
    this.session.opened(this.now);
    return this.run();
  }

  /** @param {...import("../../web_overlay/js/core/types.mjs").Message} messages */
  hear(...messages) {
    for (const message of messages) this.session.message(message, this.now);
    return this.run();
  }

  /** @param {number} ms */
  wait(ms) {
    const end = this.now + ms;
    while (this.session.deadline() <= end && this.session.state !== "stopped") {
      this.now = Math.max(this.now, this.session.deadline());
      this.session.tick(this.now);
    }
    this.now = end;
    return this.run();
  }

  get hellos() {
    return this.actions
      .filter((action) => action.do === "send" && action.message.t === "hello")
      .map((action) => action.message);
  }
}

/** @param {number} position @param {Parameters<typeof welcome>[1]} [fields] @param {ConstructorParameters<typeof Story>[0]} [options] */
function live(position, fields, options) {
  const story = new Story(options);
  story.connect();
  story.hear(welcome(position, fields));
  return story;
}

test("a new overlay sends a hello without a position and starts at the position of the welcome", () => {
  const story = live(41);
  assert.equal(story.hellos.length, 1);
  assert.equal(story.hellos[0].resume, null);
  story.hear(frame(42, 43));
  assert.deepEqual(story.applied, ["c42", "c43"]);
  assert.equal(story.session.cursor.position, 43);
});

test("the first hello has the stored position", () => {
  const story = new Story({ resume: { epoch: "A", position: 7 } });
  story.connect();
  assert.deepEqual(story.hellos[0].resume, { epoch: "A", position: 7 });
});

test("applied events are dropped, other events of the frame are applied", () => {
  const story = live(0);
  story.hear(frame(1, 3), frame(1, 3), frame(2, 5));
  assert.deepEqual(story.applied, ["c1", "c2", "c3", "c4", "c5"]);
  assert.equal(story.session.cursor.counters.duplicates, 5);
});

test("a gap drops the critical events of the frame, keeps the others, and sends a hello with the last position", () => {
  const story = live(0);
  story.hear(frame(1, 2));
  story.hear({ ...frame(5, 6), events: [...frame(5, 6).events, event({ id: "chat" })] });
  assert.deepEqual(story.applied, ["c1", "c2", "chat"]);
  story.wait(300);
  assert.equal(story.hellos.length, 2);
  assert.deepEqual(story.hellos[1].resume, { epoch: "A", position: 2 });
  story.hear(frame(7, 7)); // on its way before the welcome
  story.hear(welcome(2, { mode: "resume", top: 7 }), frame(3, 7, { replay: true }));
  assert.deepEqual(story.applied, ["c1", "c2", "chat", "c3", "c4", "c5", "c6", "c7"]);
});

test("positions advance over filtered events", () => {
  const story = live(0);
  story.hear(frame(1, 9, { events: [] }));
  assert.equal(story.session.cursor.position, 9);
  story.hear(frame(10, 10));
  assert.deepEqual(story.applied, ["c10"]);
});

test("a frame of another epoch causes a hello, and its welcome resets the position", () => {
  const story = live(50);
  story.hear(frame(1, 1, { epoch: "B" }));
  assert.deepEqual(story.applied, []);
  story.wait(300);
  assert.deepEqual(story.hellos[1].resume, { epoch: "A", position: 50 });
  story.hear(welcome(1, { epoch: "B", recovered: false }));
  story.hear(frame(2, 2, { epoch: "B" }));
  assert.deepEqual(story.applied, ["c2"]);
});

test("a silent gap is detected by a heartbeat or the top of a frame after 500 ms", () => {
  for (const signal of [/** @type {const} */ ({ t: "heartbeat", top: 9, server_ts_ms: 0 }), frame(0, 0, { top: 9 })]) {
    const story = live(4);
    story.hear(signal);
    story.wait(499);
    assert.equal(story.hellos.length, 1);
    story.wait(2);
    assert.equal(story.hellos.length, 2);
    assert.deepEqual(story.hellos[1].resume, { epoch: "A", position: 4 });
  }
});

test("events that arrive in time cause no hello, and neither does a catch-up with progress", () => {
  const story = live(0, { mode: "resume", top: 30 });
  for (let first = 1; first <= 30; first += 10) {
    story.wait(400);
    story.hear(frame(first, first + 9, { replay: true, top: 30 }));
  }
  story.wait(2_000);
  assert.equal(story.hellos.length, 1);
  assert.equal(story.applied.length, 30);
});

test("a server that answers hellos with gaps receives at most four hellos per second", () => {
  const story = live(0);
  for (let turn = 0; turn < 40; turn += 1) {
    story.hear(frame(9, 9));
    story.wait(25);
    story.hear(welcome(0, { mode: "resume", top: 9 }));
  }
  assert.ok(story.hellos.length <= 6, `${story.hellos.length} hellos in a second`);
});

test("events that are no longer in the log are reported, and the overlay continues after them", () => {
  const story = new Story({ resume: { epoch: "A", position: 3 } });
  story.connect();
  const actions = story.hear(
    welcome(10, { mode: "resume", recovered: false, missed: [4, 10], top: 11 }),
    frame(11, 11),
  );
  assert.deepEqual(
    actions.find((action) => action.do === "missed"),
    { do: "missed", from: 4, to: 10 },
  );
  assert.equal(story.session.cursor.counters.missed, 7);
  assert.deepEqual(story.applied, ["c11"]);
});

test("critical events without space are dropped, and requested again when there is space", () => {
  let room = true;
  const story = live(0, {}, { room: () => room });
  story.hear(frame(1, 2));
  room = false;
  story.hear(frame(3, 4), frame(5, 6));
  story.wait(1_500);
  assert.equal(story.hellos.length, 1, "a gap of our own is not asked for while there is no room");
  room = true;
  story.session.roomy(story.now);
  story.wait(300);
  assert.deepEqual(story.hellos[1].resume, { epoch: "A", position: 2 });
  story.hear(welcome(2, { mode: "resume", top: 6 }), frame(3, 6, { replay: true }));
  assert.deepEqual(story.applied, ["c1", "c2", "c3", "c4", "c5", "c6"]);
});

test("silence of 2.5 heartbeats closes the connection and reconnects with the position", () => {
  const story = live(5);
  story.wait(4_900);
  assert.equal(story.session.state, "live");
  const actions = story.wait(200);
  assert.ok(actions.some((action) => action.do === "close"));
  story.wait(300);
  story.session.opened(story.now);
  story.run();
  assert.deepEqual(story.hellos.at(-1).resume, { epoch: "A", position: 5 });
});

test("a suspended page reads waiting messages before it reconnects", () => {
  const story = live(5);
  story.now += 60_000; // timers of a hidden page fire once a minute
  story.session.tick(story.now);
  assert.equal(story.session.state, "live");
  story.hear({ t: "heartbeat", top: 5, server_ts_ms: 0 });
  story.wait(2_000);
  assert.equal(story.session.state, "live");
});

test("reconnects are unlimited, 0.25 to 5 s apart, and quick again after 5 good seconds", () => {
  const story = new Story({ random: Math.random });
  for (let attempt = 0; attempt < 50; attempt += 1) {
    story.session.tick(story.now);
    assert.equal(story.session.state, "opening");
    story.session.closed(1006, "", story.now);
    const wait = story.session.deadline() - story.now;
    assert.ok(wait >= 250 && wait <= 5_000, `waited ${wait}`);
    story.now = story.session.deadline();
  }
  story.connect();
  story.hear(welcome(0));
  for (let second = 0; second < 6; second += 1) {
    story.wait(1_000);
    story.hear({ t: "heartbeat", top: 0, server_ts_ms: 0 });
  }
  story.session.closed(1006, "", story.now);
  assert.ok(story.session.deadline() - story.now <= 500);
});

test("close codes state whether to reconnect", () => {
  /** @type {[number, string][]} */
  const table = [
    ...[4000, 4008, 4009, 4029, 1006, 1001, 1011, 4499].map((code) => /** @type {[number, string]} */ ([code, "waiting"])),
    ...[4500, 4502, 4503, 4999, 1009].map((code) => /** @type {[number, string]} */ ([code, "stopped"])),
  ];
  for (const [code, state] of table) {
    const story = live(1);
    story.session.closed(code, "why", story.now);
    assert.equal(story.session.state, state, `code ${code}`);
    const stopped = story.run().filter((action) => action.do === "stopped");
    assert.equal(stopped.length, state === "stopped" ? 1 : 0);
  }
  const old = live(1);
  old.session.closed(4504, "", old.now);
  assert.ok(old.run().some((action) => action.do === "reload"));
  const flood = live(1);
  flood.session.closed(4029, "", flood.now);
  assert.ok(flood.session.deadline() - flood.now >= 5_000);
});

test("after a stop no message is sent and no timer is set", () => {
  const story = live(1);
  story.session.closed(4500, "", story.now);
  story.run();
  assert.equal(story.session.deadline(), Infinity);
  story.session.tick(story.now + 1e9);
  assert.deepEqual(story.run(), []);
});

test("each position is delivered once and in order despite loss, repetition and reordering", () => {
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 0x7fffffff) / 0x7fffffff;
  for (let round = 0; round < 200; round += 1) {
    const story = live(0, {}, { random });
    let top = 0;
    /** @type {ReturnType<typeof frame>[]} */
    const held = [];
    for (let step = 0; step < 60; step += 1) {
      const first = top + 1;
      top += Math.floor(random() * 3);
      const next = frame(top >= first ? first : 0, top >= first ? top : 0, { top });
      const luck = random();
      if (luck < 0.15) held.push(next);
      else if (luck < 0.3) story.hear(next, next);
      else if (luck >= 0.45) story.hear(next);
      if (luck > 0.9) story.hear(...held.splice(0));
      if (luck > 0.95) {
        story.session.closed(1006, "", story.now);
        story.wait(6_000);
        story.session.opened(story.now);
        story.run();
      } else story.wait(100);
      serve(story, top);
    }
    for (let turn = 0; turn < 5; turn += 1) {
      story.hear({ t: "heartbeat", top, server_ts_ms: 0 });
      story.wait(1_000);
      serve(story, top);
    }
    assert.deepEqual(
      story.applied,
      Array.from({ length: top }, (_, at) => `c${at + 1}`),
    );
  }
});

/** Answer a hello from the log. @param {Story} story @param {number} top */
function serve(story, top) {
  if (story.session.state !== "greeting") return;
  const from = story.hellos.at(-1).resume?.position ?? 0;
  story.hear(welcome(from, { mode: "resume", top }));
  if (top > from) story.hear(frame(from + 1, top, { replay: true }));
}

test("requests of a dashboard are passed on and do not change the conversation", () => {
  const said = [
    { t: "identify", for_ms: 3000 },
    { t: "reload" },
    { t: "hud", on: "yes" },
    { t: "alerts" },
    { t: "result", id: "c1", ok: true, accepted: 200 },
  ].map((raw) => readMessage(raw));
  const story = live(0);
  const asked = story.hear(...said);
  assert.deepEqual(
    asked.map((action) => action.do === "told" && action.message.t),
    ["identify", "refresh", "hud", "alerts", "result"],
  );
  assert.equal(story.hellos.length, 1);
});

// @ts-check
// Selection of the transport, and sessions with failing transports.

import assert from "node:assert/strict";
import { test } from "node:test";
import { afterClose, isNear } from "../../web_overlay/js/core/backoff.mjs";
import { BLOCKED, Ladder, PROBE_MS } from "../../web_overlay/js/core/ladder.mjs";
import { Session } from "../../web_overlay/js/core/session.mjs";
import { welcome } from "./make.mjs";

const WHO = { token: "k", overlayId: "o", format: "msgpack", build: "b" };

/** @param {Ladder} ladder @param {number} times */
function fail(ladder, times) {
  const kinds = [];
  for (let time = 0; time < times; time += 1) {
    kinds.push(ladder.kind);
    ladder.failed();
  }
  return kinds;
}

test("three failures in a row lead to the next transport, and after the last to the first", () => {
  assert.deepEqual(fail(new Ladder(null), 10), [
    ...["ws", "ws", "ws", "sse", "sse", "sse", "poll", "poll", "poll", "ws"],
  ]);
});

test("a conversation between two failures resets the count", () => {
  const ladder = new Ladder(null);
  fail(ladder, 2);
  ladder.good(0);
  assert.deepEqual(fail(ladder, 3), ["ws", "ws", "ws"]);
});

test("a transport of the address is kept, and not probed", () => {
  for (const kind of /** @type {const} */ (["ws", "sse", "poll"])) {
    const ladder = new Ladder(kind);
    assert.deepEqual(fail(ladder, 7), Array(7).fill(kind));
    ladder.good(0);
    assert.equal(ladder.due(1e9), false);
  }
});

test("a WebSocket is probed every 60 s, until one opens", () => {
  const ladder = new Ladder(null);
  fail(ladder, 3);
  ladder.good(1_000);
  ladder.good(2_000); // a reconnect in between puts nothing off
  assert.equal(ladder.due(1_000 + PROBE_MS - 1), false);
  assert.equal(ladder.due(1_000 + PROBE_MS), true);
  assert.equal(ladder.due(1_001 + PROBE_MS), false);
  assert.equal(ladder.due(1_000 + 2 * PROBE_MS), true);
  ladder.climb();
  assert.equal(ladder.kind, "ws");
  assert.equal(ladder.due(1e9), false);
});

/** @param {Session} session @param {number} now @param {number} code @returns {number} when it tries again */
function attempt(session, now, code) {
  session.tick(now);
  session.closed(code, "", now);
  return session.deadline();
}

/** The transports of all attempts. @param {Session} session */
const tried = (session) => session.take().flatMap((action) => (action.do === "connect" ? [action.transport] : []));

test("a stopped gateway does not count as a failure of the WebSocket", () => {
  const session = new Session({ who: WHO, resume: null, random: () => 0.5, near: true });
  let now = 0;
  for (let turn = 0; turn < 8; turn += 1) now = attempt(session, now, 1006);
  for (let turn = 0; turn < 4; turn += 1) now = attempt(session, now, BLOCKED);
  assert.deepEqual(tried(session), [...Array(11).fill("ws"), "sse"]);
});

test("a WebSocket that opens and stays silent counts as a failure", () => {
  const session = new Session({ who: WHO, resume: null, random: () => 0.5, near: true });
  let now = 0;
  for (let turn = 0; turn < 4; turn += 1) {
    session.tick(now);
    session.opened(now);
    session.tick((now = session.deadline()));
    now = session.deadline();
  }
  assert.deepEqual(tried(session), ["ws", "ws", "ws", "sse"]);
});

test("a successful probe changes the transport at once, and the next hello resumes", () => {
  const session = new Session({ who: WHO, resume: null, random: () => 0.5 });
  let now = 0;
  for (let turn = 0; turn < 3; turn += 1) now = attempt(session, now, BLOCKED);
  session.tick(now);
  session.opened(now);
  session.message(welcome(7), now);
  session.take();
  for (let second = 0; second < 61; second += 1) {
    now += 1_000;
    session.message({ t: "heartbeat", top: 7, server_ts_ms: 0 }, now);
    session.tick(now);
  }
  assert.equal(session.take().filter((action) => action.do === "probe").length, 1);
  assert.equal(session.state, "live", "what works goes on meanwhile");
  session.probed(now);
  session.tick(now);
  session.opened(now);
  const actions = session.take();
  assert.deepEqual(
    actions.map((action) => action.do),
    ["close", "connect", "send"],
  );
  const [, connect, hello] = actions;
  assert.equal(connect.do === "connect" && connect.transport, "ws");
  assert.deepEqual(hello.do === "send" && hello.message.resume, { epoch: "A", position: 7 });
});

test("on the machine of the gateway the first reconnects wait 10 to 20 ms, the later ones up to a second", () => {
  const waits = (/** @type {number} */ random) => Array.from({ length: 40 }, (_, turn) => afterClose(1006, turn, () => random, true));
  assert.deepEqual(waits(0).slice(0, 12), [10, 10, 10, 10, 10, 10, 10, 10, 20, 40, 80, 160]);
  assert.deepEqual(waits(0.5).slice(6, 16), [15, 15, 30, 60, 120, 240, 480, 960, 1_000, 1_000]);
  assert.equal(afterClose(4000, 0, () => 0, true), 10);
  assert.equal(afterClose(4500, 0, Math.random, true), null);
  for (const name of ["127.0.0.1", "127.8.9.1", "localhost", "[::1]"]) assert.ok(isNear(name), name);
  for (const name of ["192.168.1.2", "127.evil.test", "localhost.evil.test", "example.org"]) assert.ok(!isNear(name), name);
});

test("on the machine of the gateway a connection of a second ends the growth of the pauses", () => {
  for (const [lasted, pause] of /** @type {[number, number][]} */ ([
    [999, 40],
    [1_000, 10],
  ])) {
    const session = new Session({ who: WHO, resume: null, random: () => 0, near: true });
    let now = 0;
    for (let turn = 0; turn < 9; turn += 1) now = attempt(session, now, 1006);
    session.tick(now);
    session.opened(now);
    session.closed(1006, "", now + lasted);
    assert.equal(session.deadline() - now - lasted, pause);
  }
});

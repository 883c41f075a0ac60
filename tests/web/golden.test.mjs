// @ts-check
// tests/golden/: frames written by Python. Their MessagePack and JSON forms decode to the same message.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { decode } from "../../web_overlay/js/core/codec.mjs";
import { BadMessage, hello, readMessage } from "../../web_overlay/js/core/protocol.mjs";

const GOLDEN = new URL("../golden/", import.meta.url);
const names = readdirSync(GOLDEN)
  .filter((name) => name.endsWith(".msgpack"))
  .map((name) => name.slice(0, -".msgpack".length));

test("there are golden frames", () => assert.ok(names.length > 0));

for (const name of names) {
  test(`golden ${name}: both formats decode to the same message`, () => {
    const packed = decode(new Uint8Array(readFileSync(new URL(`${name}.msgpack`, GOLDEN))));
    const json = decode(readFileSync(new URL(`${name}.json`, GOLDEN), "utf-8"));
    const message = readMessage(packed);
    assert.deepEqual(message, readMessage(json));
    assert.ok(message.t === "frame");
    const raw = /** @type {any} */ (json);
    assert.equal(message.events.length, raw.events.length);
    message.events.forEach((each, at) => {
      assert.deepEqual(
        [each.id, each.type, each.ts_ingest_ms, each.payload],
        [raw.events[at].id, raw.events[at].type, raw.events[at].ts_ingest_ms, raw.events[at].payload],
      );
      assert.equal(each.count, raw.events[at].count ?? 1);
      assert.equal(each.position, raw.events[at].position ?? 0);
    });
  });
}

test("a key named __proto__ is renamed: it neither breaks the frame nor changes a prototype", () => {
  // {"t": "x", "__proto__": {"a": 1}} in MessagePack
  const bytes = Uint8Array.from([
    0x82,
    0xa1,
    0x74,
    0xa1,
    0x78,
    0xa9,
    ...new TextEncoder().encode("__proto__"),
    0x81,
    0xa1,
    0x61,
    0x01,
  ]);
  const map = /** @type {any} */ (decode(bytes));
  assert.equal(map.a, undefined);
  assert.deepEqual(Object.keys(map), ["t", "(__proto__)"]);
  assert.equal(/** @type {any} */ ({}).a, undefined);
});

test("an invalid message is refused, and unknown keys are skipped", () => {
  for (const raw of [null, 1, "x"]) assert.throws(() => readMessage(raw), BadMessage);
  for (const raw of [
    { t: "frame", e: "A", b: [null] },
    { t: "frame", epoch: "A", events: [{ type: 1 }] },
    { t: "frame", e: "A", b: [], a: "1" },
    { t: "heartbeat" },
  ]) {
    assert.throws(() => readMessage(raw), BadMessage);
  }
  assert.deepEqual(readMessage({ t: "sonnet" }), { t: "unknown" });
  assert.throws(() => decode(Uint8Array.from([0xc1])));
  assert.throws(() => decode(Uint8Array.from([0x92, 0x01])), "truncated");
});

test("the hello is that of docs/wire.md", () => {
  const who = { token: "k", overlayId: "main-1", format: "json", build: "b" };
  assert.deepEqual(hello({ ...who, resume: { epoch: "9f", position: 41 } }), {
    ...{
      t: "hello",
      version: 2,
      token: "k",
      overlay_id: "main-1",
      resume: { epoch: "9f", position: 41 },
      format: "json",
      types: null,
      role: "overlay",
      build: "b",
    },
  });
});

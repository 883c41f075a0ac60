// @ts-check
// `toggle` events of the names `paused` and `muted`: a page that is loaded later applies the last values.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ranks } from "../../web_overlay/js/core/ranks.mjs";
import { Toggles } from "../../web_overlay/js/widgets/toggles.mjs";
import { event } from "./make.mjs";

/** @param {string} name @param {boolean} on */
const toggle = (name, on) => ({ ...event(), type: "toggle", payload: { name, on } });

test("paused and muted reach the widgets that take show, and no others", () => {
  /** @type {string[]} */
  const said = [];
  const part = (/** @type {string} */ name, /** @type {string[]} */ types) => ({
    name,
    types,
    root: /** @type {any} */ ({}),
    widget: /** @type {any} */ ({
      updateAction: (/** @type {any} */ { type, payload }) => said.push(`${name} ${type} ${payload.action}`),
    }),
  });
  const parts = [part("social", ["tip", "show"]), part("chat", ["chat"])];
  const toggles = new Toggles(/** @type {any} */ ({ view: { toggle: () => {} }, ranks: new Ranks() }), parts[0].root, parts, () => {});
  for (const [name, on] of /** @type {[string, boolean][]} */ ([
    ["paused", true],
    ["muted", true],
    ["paused", false],
    ["muted", false],
    ["constructor", true],
  ])) {
    toggles.updateAction(toggle(name, on), { now: 0, late: false });
  }
  assert.deepEqual(said, [
    "social show pause",
    "social show mute",
    "social show resume",
    "social show unmute",
  ]);
  assert.equal(toggles.counters.unknown, 1);
});

// @ts-check
// The application that is shown, as histories of states.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Applications, MOST } from "../../web_overlay/js/core/applications.mjs";

/** @param {string} application @param {string} status @param {Record<string, unknown>} [more] @returns {any} */
const state = (application, status, more = {}) => ({ application, status, ...more });

test("the most important state is shown, and of equal ones the last that changed", () => {
  const gone = { connected: false };
  for (const [states, shown] of /** @type {[any[], string | null][]} */ ([
    [[], null],
    [[state("a", "ready")], "a"],
    [[state("a", "speaking"), state("b", "listening")], "a"],
    [[state("a", "listening"), state("b", "listening")], "b"],
    [[state("a", "listening"), state("b", "listening"), state("a", "listening")], "a"],
    [[state("a", "ready"), state("b", "wake_word")], "b"],
    [[state("a", "streaming a film"), state("b", "starting")], "b"],
    [[state("a", "constructor")], "a"],
    [[state("a", "speaking"), state("b", "ready"), state("a", "gone", gone)], "b"],
    [[state("a", "speaking"), state("a", "gone", gone)], null],
    [[state("a", "gone")], null],
    [[state("a", "speaking", { visible: false }), state("b", "starting")], "b"],
    [[state("a", "ready", { connected: true, visible: true })], "a"],
  ])) {
    const applications = new Applications();
    for (const each of states) applications.see(each);
    assert.equal(applications.shown()?.application ?? null, shown, JSON.stringify(states));
  }
});

test("the list is sorted by name, and includes disconnected applications", () => {
  const applications = new Applications();
  for (const each of [state("b", "ready"), state("a", "ready"), state("b", "gone", { connected: false })]) applications.see(each);
  assert.deepEqual(
    applications.list().map(({ application, status }) => [application, status]),
    [
      ["a", "ready"],
      ["b", "gone"],
    ],
  );
});

test("names are bounded, and the application that changed last is kept", () => {
  const applications = new Applications();
  for (let number = 0; number < 1_000; number += 1) {
    applications.see(state(`n${number}`, "ready"));
    applications.see(state("own", "speaking"));
  }
  assert.equal(applications.list().length, MOST);
  assert.equal(applications.shown()?.application, "own");
});

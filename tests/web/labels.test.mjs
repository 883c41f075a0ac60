// @ts-check
// The texts of the address form: each parameter has a label, and a list says what its values mean.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PARAMS } from "../../web_overlay/js/core/params.mjs";
import { HIDDEN, LABELS, labelOf } from "../../web_overlay/js/studio/labels.mjs";

test("each parameter of the form has a label", () => {
  const shown = Object.keys(PARAMS).filter((name) => !HIDDEN.includes(name));
  assert.deepEqual(shown.sort(), Object.keys(LABELS).sort());
});

test("only a switch has yes and no; levels of quality have their names", () => {
  const labels = (/** @type {string} */ name) => ["", ...(PARAMS[name].values ?? [])].map((value) => labelOf(name, value));
  assert.deepEqual(labels("mute"), ["default", "no", "yes"]);
  assert.deepEqual(labels("quality"), ["default", "automatic", "0: full", "1: fewer rows", "2: no entrances", "3: emergency"]);
  assert.deepEqual(labels("motion"), ["default", "auto", "full", "reduced"]);
});

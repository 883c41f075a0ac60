// @ts-check
// Editing a layout: moving with snapping, sizing, undo, and layouts that contain only differences.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Editor } from "../../web_overlay/js/core/editor.mjs";
import { clampBox, linesOf, moveBox, nearestAnchor, resizeBox } from "../../web_overlay/js/core/geometry.mjs";
import { readLayout } from "../../web_overlay/js/core/layout-file.mjs";
import { ANCHORS, STAGE } from "../../web_overlay/js/core/layout.mjs";

/** @typedef {import("../../web_overlay/js/core/types.mjs").Box} Box */

/** @type {import("../../web_overlay/js/core/layout.mjs").Kind[]} */
const KINDS = [
  { name: "chat", box: { x: 96, y: 440, width: 460, height: 400, anchor: "bottom-left" } },
  { name: "killfeed", box: { x: 1264, y: 300, width: 560, height: 312, anchor: "top-right" } },
];

/** @param {Partial<Box>} [fields] @returns {Box} */
function box(fields) {
  return {
    ...{ x: 150, y: 150, width: 200, height: 100, anchor: "top-left" },
    ...{ scale: 1, order: 0, visible: true, ...fields },
  };
}

/** @param {Box} found */
const rectangle = ({ x, y, width, height }) => [x, y, width, height];

const LINES = linesOf(STAGE, [box({ x: 600, y: 600 })]);

test("a box near a line snaps to it, with its nearest edge or its middle", () => {
  const cases = [
    [-51, 0, [96, 150, 200, 100], [96], []], // the safe area
    [0, -93, [150, 54, 200, 100], [], [54]],
    [711, 337, [860, 490, 200, 100], [960], [540]], // the middle of the stage
    [247, 0, [400, 150, 200, 100], [600], []], // its right edge at another's left edge
    [444, 443, [600, 600, 200, 100], [600, 700, 800], [600, 650, 700]], // on the other
    [20, 20, [170, 170, 200, 100], [], []],
  ];
  for (const [dx, dy, wanted, x, y] of /** @type {any[]} */ (cases)) {
    const moved = moveBox(box(), dx, dy, STAGE, LINES, 8);
    assert.deepEqual(rectangle(moved.box), wanted);
    assert.deepEqual(moved.guides, { x, y });
  }
  assert.deepEqual(rectangle(moveBox(box(), -51, 0, STAGE, LINES, 0).box), [99, 150, 200, 100], "no snapping");
});

test("a box cannot be moved or sized off the stage, nor below the minimum size", () => {
  const none = { x: [], y: [] };
  assert.deepEqual(rectangle(moveBox(box(), -999, 9999, STAGE, none, 8).box), [0, 980, 200, 100]);
  assert.deepEqual(rectangle(resizeBox(box(), "se", -999, 9999, STAGE, none, 8).box), [150, 150, 24, 930]);
  assert.deepEqual(rectangle(resizeBox(box(), "nw", -999, 9999, STAGE, none, 8).box), [0, 226, 350, 24]);
  assert.deepEqual(rectangle(clampBox(box({ x: 3000, y: -50, width: 9999, height: 1 }), STAGE)), [0, 0, 1920, 24]);
});

test("only the sides of a handle move, and they snap", () => {
  const cases = [
    ["e", 50, 70, [150, 150, 250, 100]],
    ["w", 50, 70, [200, 150, 150, 100]],
    ["s", 50, 70, [150, 150, 200, 170]],
    ["n", 50, 50, [150, 200, 200, 50]],
    ["nw", -51, -93, [96, 54, 254, 196]],
    ["se", 247, 0, [150, 150, 450, 100]],
  ];
  for (const [handle, dx, dy, wanted] of /** @type {any[]} */ (cases)) {
    assert.deepEqual(rectangle(resizeBox(box(), handle, dx, dy, STAGE, LINES, 8).box), wanted, handle);
  }
});

test("the suggested anchor is that of the third of the stage", () => {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => nearestAnchor(box({ x, y }), STAGE, ANCHORS);
  assert.deepEqual([at(0, 0), at(860, 0), at(1720, 0)], ["top-left", "top", "top-right"]);
  assert.deepEqual([at(0, 500), at(860, 490), at(1720, 980)], ["left", "center", "bottom-right"]);
});

/** @param {unknown} [layout] */
function editor(layout = { version: 1 }) {
  const made = new Editor(KINDS, () => {});
  made.load(readLayout(layout));
  return made;
}

test("a layout contains only differences from the default, and is empty without any", () => {
  const it = editor();
  it.set("chat", { x: 200, y: 440 });
  assert.deepEqual(it.layout.widgets, { chat: { x: 200 } });
  it.set("chat", { visible: false });
  assert.deepEqual(it.layout.widgets, { chat: { x: 200, visible: false } });
  it.set("chat", { x: 96, visible: true });
  assert.deepEqual(it.layout.widgets, {});
  assert.equal(it.dirty, true);
});

test("a scene contains only differences from the layout below it", () => {
  const it = editor({ version: 1, widgets: { chat: { x: 200 } }, scenes: { break: {} } });
  it.choose({ scene: "break" });
  it.set("chat", { x: 300, y: 50 });
  it.set("chat", { x: 200 });
  assert.deepEqual(it.layout.scenes.break.widgets, { chat: { y: 50 } });
  it.set("chat", { x: 96 });
  assert.deepEqual(it.layout.scenes.break.widgets, { chat: { x: 96, y: 50 } });
  assert.deepEqual(it.layout.widgets, { chat: { x: 200 } });
  it.reset("chat");
  assert.equal(it.boxes.get("chat")?.x, 200);
  it.choose({ upright: true });
  it.set("chat", { x: 7 });
  assert.deepEqual(it.layout.scenes.break, { widgets: {}, upright: { chat: { x: 7 } } });
});

test("every step can be undone and redone; a drag or a repeated key is one step", () => {
  const it = editor();
  it.set("chat", { x: 100 }, "drag 1");
  it.set("chat", { x: 101 }, "drag 1");
  it.set("chat", { x: 102 }, "drag 2");
  it.set("killfeed", { visible: false });
  it.set("killfeed", { visible: true });
  const x = () => it.boxes.get("chat")?.x;
  it.undo();
  assert.equal(it.boxes.get("killfeed")?.visible, false);
  it.undo();
  it.undo();
  assert.equal(x(), 101);
  it.undo();
  assert.equal(x(), 96);
  assert.equal(it.dirty, false);
  it.undo();
  assert.equal(x(), 96);
  it.redo();
  it.redo();
  assert.equal(x(), 102);
  it.set("chat", { x: 5 });
  it.redo();
  assert.equal(x(), 5, "what was undone is gone after another step");
});

test("scenes are added and removed, and an undone scene is not selected", () => {
  const it = editor();
  it.addScene("break");
  assert.equal(it.scene, "break");
  it.set("chat", { x: 1 });
  it.removeScene();
  assert.deepEqual([it.scene, it.layout.scenes], ["", {}]);
  it.undo();
  assert.deepEqual(it.layout.scenes.break.widgets, { chat: { x: 1 } });
  it.choose({ scene: "break" });
  it.undo();
  it.undo();
  assert.deepEqual([it.scene, it.layout.scenes], ["", {}]);
});

test("front and back are beyond all other widgets", () => {
  const it = editor();
  it.order("chat", "front");
  assert.equal(it.boxes.get("chat")?.order, 2);
  it.order("killfeed", "back");
  assert.equal(it.boxes.get("killfeed")?.order, 1);
});

test("unknown widgets stay in the layout until it is reset", () => {
  const it = editor({ version: 1, widgets: { gone: { x: 1 }, chat: { x: 2 } } });
  it.set("chat", { x: 3 });
  it.reset("chat");
  assert.deepEqual(it.layout.widgets, { gone: { x: 1 } });
  assert.equal(it.boxes.has("gone"), false);
  it.resetAll();
  assert.deepEqual(it.layout.widgets, {});
  it.kept(it.layout);
  assert.equal(it.dirty, false);
});

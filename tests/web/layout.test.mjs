// @ts-check
// Positions of widgets: defaults, changes of a layout, scenes, and the CSS of a box on a canvas of any shape.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BadLayout, readLayout } from "../../web_overlay/js/core/layout-file.mjs";
import {
  ANCHORS,
  boxesOf,
  defaultBoxes,
  emptyLayout,
  roomOf,
  stageOf,
  styleOf,
} from "../../web_overlay/js/core/layout.mjs";
import { WIDGETS } from "../../web_overlay/js/widgets/all.mjs";

/** @type {import("../../web_overlay/js/core/layout.mjs").Kind[]} */
const KINDS = [
  { name: "back", box: { x: 0, y: 0, width: 400, height: 100, anchor: "top-left" } },
  {
    ...{ name: "front", box: { x: 1500, y: 900, width: 324, height: 126, anchor: "bottom-right", scale: 2 } },
    upright: { x: 54, y: 100, width: 500, height: 100, anchor: "top" },
  },
];

test("a layout is read or refused like at the gateway, with the path of the error", () => {
  const cases = JSON.parse(readFileSync(new URL("../layouts.json", import.meta.url), "utf8"));
  for (const layout of cases.good) assert.equal(readLayout(layout).version, 1);
  for (const [layout, path] of cases.bad) {
    assert.throws(
      () => readLayout(layout),
      (error) => error instanceof BadLayout && error.message.includes(path),
      JSON.stringify(layout),
    );
  }
});

test("keys that a layout leaves out have defaults; later modules are in front", () => {
  const boxes = defaultBoxes(KINDS, false);
  assert.deepEqual(boxes.get("back"), { ...KINDS[0].box, scale: 1, order: 0, visible: true });
  assert.deepEqual(boxes.get("front"), { ...KINDS[1].box, scale: 2, order: 1, visible: true });
  const layout = readLayout({ version: 1, widgets: { back: { x: 50, scale: 1.5 }, unknown: { x: 1 } } });
  assert.deepEqual(boxesOf(KINDS, layout, "", false).get("back"), { ...boxes.get("back"), x: 50, scale: 1.5 });
  assert.deepEqual(boxesOf(KINDS, layout, "", false).get("front"), boxes.get("front"));
  assert.equal(boxesOf(KINDS, layout, "", false).has("unknown"), false);
  assert.deepEqual(boxesOf(KINDS, null, "", false), boxes);
  assert.deepEqual(boxesOf(KINDS, emptyLayout(), "", false), boxes);
});

test("a scene is applied over the layout, separately for each canvas shape", () => {
  const layout = readLayout({
    version: 1,
    widgets: { back: { x: 1, y: 2 } },
    upright: { back: { x: 3 } },
    scenes: { break: { widgets: { back: { x: 4 }, front: { visible: false } } } },
  });
  const at = (/** @type {string} */ scene, upright = false) => {
    const box = boxesOf(KINDS, layout, scene, upright).get("back");
    return [box?.x, box?.y];
  };
  assert.deepEqual(at(""), [1, 2]);
  assert.deepEqual(at("break"), [4, 2]);
  assert.deepEqual(at("no such scene"), [1, 2]);
  assert.deepEqual(at("constructor"), [1, 2]);
  assert.deepEqual(at("break", true)[0], 3);
  assert.equal(boxesOf(KINDS, layout, "break", false).get("front")?.visible, false);
});

test("a widget without an upright box is in the middle of an upright stage", () => {
  assert.deepEqual(defaultBoxes(KINDS, true).get("back"), {
    ...{ x: 340, y: 910, width: 400, height: 100, anchor: "center" },
    ...{ scale: 1, order: 0, visible: true },
  });
});

/** Where a box is on a page of this size, by its CSS. @param {Record<string, string>} style @param {number} width @param {number} height */
function pixels(style, width, height) {
  const rem = Math.min(height / 10.8, width / 10.8);
  const value = (/** @type {string} */ text) => {
    const [, share, unit, back] = /** @type {RegExpExecArray} */ (/^calc\((.+)(vw|vh) - (.+)rem\)$/.exec(text));
    return (Number(share) / 100) * (unit === "vw" ? width : height) - Number(back) * rem;
  };
  const zoom = style["--zoom"] === "none" ? 1 : Number(style["--zoom"].slice(6, -1));
  const length = (/** @type {string} */ text) => parseFloat(text) * rem * zoom;
  return [value(style["--left"]), value(style["--top"]), length(style["--width"]), length(style["--height"])];
}

const PAGES = [
  [1920, 1080],
  [1280, 720],
  [3840, 2160],
  [2560, 1080],
  [1440, 1080],
];

test("a box fills its pixels of a 16:9 page with any anchor and scale", () => {
  for (const anchor of ANCHORS) {
    for (const scale of [0.5, 1, 3]) {
      const box = { x: 96, y: 300, width: 600, height: 240, anchor, scale: 1.5, order: 0, visible: true };
      for (const [width, height] of PAGES.slice(0, 3)) {
        const unit = height / 1080;
        const found = pixels(styleOf(box, false, scale), width, height);
        [96, 300, 600, 240].forEach((value, at) => assert.ok(Math.abs(found[at] - value * unit) < 0.5, `${anchor} ${found}`));
      }
      assert.equal(roomOf(box, scale).width * 1.5 * scale, 600);
    }
  }
});

test("on a page of another shape the anchor keeps its relative position, so a box stays in the safe area", () => {
  const corner = { width: 500, height: 200, scale: 1, order: 0, visible: true };
  for (const [width, height] of PAGES) {
    for (const [x, y, anchor] of /** @type {const} */ ([
      [96, 54, "top-left"],
      [1324, 54, "top-right"],
      [710, 826, "bottom"],
      [1324, 826, "bottom-right"],
    ])) {
      const [left, top, wide, high] = pixels(styleOf({ ...corner, x, y, anchor }, false, 1), width, height);
      assert.ok(left >= 0.05 * width - 1 && left + wide <= 0.95 * width + 1, `${anchor} ${width}`);
      assert.ok(top >= 0.05 * height - 1 && top + high <= 0.95 * height + 1, `${anchor} ${width}`);
    }
  }
});

/** What games show: [left, top, right, bottom] on a stage of 1920 × 1080. */
const GAME = {
  map: [0, 0, 340, 340],
  score: [660, 0, 1260, 96],
  killfeed: [1440, 0, 1920, 290],
  health: [0, 900, 560, 1080],
  abilities: [660, 960, 1260, 1080],
  ammunition: [1360, 900, 1920, 1080],
};

/** @param {readonly number[]} one @param {readonly number[]} other */
function meet([left, top, right, bottom], [x, y, far, low]) {
  return left < far && x < right && top < low && y < bottom;
}

test("by default no widget covers another widget, the displays of games, or the edge of the picture", () => {
  for (const upright of [false, true]) {
    const { width, height } = stageOf(upright);
    const all = [...defaultBoxes(WIDGETS, upright)].map(
      ([name, box]) => /** @type {const} */ ([name, [box.x, box.y, box.x + box.width, box.y + box.height]]),
    );
    const aimed = ["crosshair", "hitmarkers"]; // one in the other, by intent
    for (const [name, box] of all) {
      assert.ok(
        box[0] >= 0.05 * width && box[1] >= 0.05 * height && box[2] <= 0.95 * width && box[3] <= 0.95 * height,
        `${name} leaves the safe area`,
      );
      for (const [other, its] of all) {
        if (other === name || (aimed.includes(name) && aimed.includes(other))) continue;
        assert.ok(!meet(box, its), `${name} meets ${other} (upright: ${upright})`);
      }
      if (upright || name === "radar") continue; // the radar is for games without a map, and stands in its place
      for (const [part, its] of Object.entries(GAME)) assert.ok(!meet(box, its), `${name} covers the game's ${part}`);
    }
  }
});

test("the example of a custom widget covers no other widget", () => {
  const template = readFileSync(new URL("../../web_overlay/own/template.mjs", import.meta.url), "utf8");
  const number = (/** @type {string} */ field) => Number(new RegExp(`${field}: (\\d+)`).exec(template)?.[1]);
  const [x, y, width, height] = ["x", "y", "width", "height"].map(number);
  assert.ok(width > 0 && height > 0);
  const covered = WIDGETS.filter(({ box }) => box.x < x + width && x < box.x + box.width && box.y < y + height && y < box.y + box.height);
  assert.deepEqual(covered.map(({ name }) => name), []);
});

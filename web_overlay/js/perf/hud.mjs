// @ts-check
// Measurements of the overlay, for setup and bug reports, not for the stream.
// Text and one small canvas four times a second; measured at 0.03 ms a frame, must stay under 0.5 (its own cost is shown).

import { Recent } from "../core/stats.mjs";
import { Watch } from "../core/watch.mjs";
import { el, text } from "../widgets/dom.mjs";
import { exportButtons } from "./export.mjs";
import { Warnings } from "./warnings.mjs";

const SAMPLE_MS = 1_000;
const WIDTH = 240;
const HEIGHT = 56;
const SLOW_MS = 25; // one and a half frames of 60 Hz
const SCALE_MS = 50; // the graph's full height: three frames of 60 Hz

/**
 * @typedef {object} Figures
 * @property {number | null} fps
 * @property {import("../core/stats.mjs").Recent} intervals
 * @property {[string, string][]} lines label and value
 * @property {string[]} problems
 * @property {import("../core/costs.mjs").Cost[]} systems
 * @property {import("../core/watch.mjs").Sample} sample
 * @property {Record<string, unknown>} about what an export names: overlay, build, browser
 */

export class Hud {
  /**
   * @param {import("../core/view.mjs").View} view
   * @param {HTMLElement} root
   * @param {() => Figures} figures
   * @param {() => number} now
   * @param {() => void} request asks for a frame
   */
  constructor(view, root, figures, now, request) {
    this.view = view;
    this.root = root;
    this.figures = figures;
    this.now = now;
    this.request = request;
    this.on = false;
    this.every_ms = 250; // between two redraws; the governor makes it longer
    this.drawn_at = this.sampled_at = -Infinity;
    this.watch = new Watch();
    this.cost = new Recent(120);
    this.colors = { good: "", bad: "", ink: "" };
    this.fps = text();
    this.canvas = el("canvas", "hud-graph");
    this.canvas.width = WIDTH;
    this.canvas.height = HEIGHT;
    this.context = this.canvas.getContext("2d");
    /** @type {Map<string, {label: Text, value: Text}>} */
    this.cells = new Map();
    this.table = el("div", "hud-table");
    this.warnings = new Warnings(view);
    const buttons = exportButtons(figures, this.watch);
    const head = el("div", "hud-head", el("span", "hud-fps", this.fps), buttons);
    root.append(head, this.canvas, this.table, this.warnings.box);
  }

  /** @param {boolean} on */
  show(on) {
    this.on = on;
    this.drawn_at = -Infinity;
    if (on) this.colors = tokens(this.root);
    this.view.toggle(this.root, "off", !on);
    this.request();
  }

  updateAction() {}

  /** @param {number} now @returns {number} while it is on, frames flow: a rate can only be measured running */
  frame(now) {
    if (now >= this.sampled_at + SAMPLE_MS) {
      this.sampled_at = now;
      this.watch.see(this.figures().sample);
    }
    if (!this.on) return Infinity;
    const begin = this.now();
    if (now >= this.drawn_at + this.every_ms) {
      this.drawn_at = now;
      this.draw();
    }
    this.cost.push(this.now() - begin);
    return now;
  }

  draw() {
    const { fps, intervals, lines, problems } = this.figures();
    this.view.text(this.fps, fps === null ? "– fps" : `${fps.toFixed(fps < 10 ? 1 : 0)} fps`);
    const cost = this.cost.mean() ?? 0;
    for (const [label, value] of [...lines, /** @type {[string, string]} */ (["this HUD", `${cost.toFixed(3)} ms`])]) {
      this.view.text(this.cell(label).value, value);
    }
    this.warnings.write([...problems, ...this.watch.words()]);
    this.graph(intervals);
  }

  /** @param {string} label */
  cell(label) {
    let cell = this.cells.get(label);
    if (cell === undefined) {
      cell = { label: text(label), value: text() };
      this.cells.set(label, cell);
      this.table.append(el("span", "hud-label", cell.label), el("span", "hud-value", cell.value));
    }
    return cell;
  }

  /** Newest at the right; a line at 16.7 ms. @param {import("../core/stats.mjs").Recent} intervals */
  graph(intervals) {
    const { context } = this;
    if (context === null) return;
    context.clearRect(0, 0, WIDTH, HEIGHT);
    this.bars(context, intervals, this.colors.good, (ms) => ms <= SLOW_MS);
    this.bars(context, intervals, this.colors.bad, (ms) => ms > SLOW_MS);
    context.fillStyle = this.colors.ink;
    context.fillRect(0, HEIGHT - (16.7 / SCALE_MS) * HEIGHT, WIDTH, 1);
  }

  /**
   * One path, one fill.
   * @param {CanvasRenderingContext2D} context
   * @param {import("../core/stats.mjs").Recent} intervals
   * @param {string} color
   * @param {(ms: number) => boolean} wanted
   */
  bars(context, intervals, color, wanted) {
    const width = WIDTH / intervals.ring.length;
    context.beginPath();
    for (let age = 0; age < intervals.size; age += 1) {
      const ms = intervals.at(age);
      if (!wanted(ms)) continue;
      const height = Math.min(1, ms / SCALE_MS) * HEIGHT;
      context.rect(WIDTH - (age + 1) * width, HEIGHT - height, width - 0.5, height);
    }
    context.fillStyle = color;
    context.fill();
  }
}

/** A canvas does not understand `var()`: ask what the tokens are. @param {HTMLElement} root */
function tokens(root) {
  const style = getComputedStyle(root);
  const value = (/** @type {string} */ name) => style.getPropertyValue(`--fw-${name}`).trim();
  return { good: value("good"), bad: value("bad"), ink: value("ink") };
}

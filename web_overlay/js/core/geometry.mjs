// @ts-check
// Moving and sizing of boxes with the mouse or the keyboard: they stay on the stage and snap to lines.

import { shares } from "./layout.mjs";

/** @typedef {import("./types.mjs").Box} Box */
/** @typedef {{x: number[], y: number[]}} Lines upright lines by x, level ones by y */

const LEAST = 24; // a smaller box cannot be dragged
const SAFE = 0.05; // the margin of overlays (docs/overlay.md)

/**
 * What boxes snap to: the edges, the safe area and the middle of the stage, and the edges and the middle of other boxes.
 * @param {{width: number, height: number}} stage
 * @param {Iterable<Box>} others
 * @returns {Lines}
 */
export function linesOf(stage, others) {
  const axis = (/** @type {number} */ size) => [0, size * SAFE, size / 2, size * (1 - SAFE), size];
  const lines = { x: axis(stage.width), y: axis(stage.height) };
  for (const { x, y, width, height } of others) {
    lines.x.push(x, x + width / 2, x + width);
    lines.y.push(y, y + height / 2, y + height);
  }
  return { x: [...new Set(lines.x)], y: [...new Set(lines.y)] };
}

/** @param {Box} box @param {{width: number, height: number}} stage @returns {Box} the nearest that is wholly on the stage */
export function clampBox(box, stage) {
  const width = clamp(Math.round(box.width), LEAST, stage.width);
  const height = clamp(Math.round(box.height), LEAST, stage.height);
  const x = clamp(Math.round(box.x), 0, stage.width - width);
  const y = clamp(Math.round(box.y), 0, stage.height - height);
  return { ...box, x, y, width, height };
}

/**
 * The least and the highest value of a number of a box that stays on the stage.
 * @param {"x" | "y" | "width" | "height" | "scale" | "order"} field
 * @param {Box} box
 * @param {{width: number, height: number}} stage
 * @returns {[number, number]}
 */
export function boundsOf(field, box, stage) {
  if (field === "x") return [0, Math.max(0, stage.width - box.width)];
  if (field === "y") return [0, Math.max(0, stage.height - box.height)];
  if (field === "width" || field === "height") return [LEAST, stage[field]];
  return field === "scale" ? [0.25, 4] : [-100, 1000];
}

/**
 * @param {Box} box as it was when the movement began
 * @param {number} dx
 * @param {number} dy
 * @param {{width: number, height: number}} stage
 * @param {Lines} lines
 * @param {number} reach how near a line attracts; 0 is no snapping
 * @returns {{box: Box, guides: Lines}} `guides`: the lines that attracted it
 */
export function moveBox(box, dx, dy, stage, lines, reach) {
  const across = snap([box.x + dx, box.x + dx + box.width / 2, box.x + dx + box.width], lines.x, reach);
  const down = snap([box.y + dy, box.y + dy + box.height / 2, box.y + dy + box.height], lines.y, reach);
  const moved = clampBox({ ...box, x: box.x + dx + across.by, y: box.y + dy + down.by }, stage);
  return { box: moved, guides: { x: across.lines, y: down.lines } };
}

/**
 * @param {Box} box as it was when the movement began
 * @param {string} handle the sides that move: letters of "nesw"
 * @param {number} dx
 * @param {number} dy
 * @param {{width: number, height: number}} stage
 * @param {Lines} lines
 * @param {number} reach
 * @returns {{box: Box, guides: Lines}}
 */
export function resizeBox(box, handle, dx, dy, stage, lines, reach) {
  const across = side(box.x, box.x + box.width, handle, "w", "e", dx, stage.width, lines.x, reach);
  const down = side(box.y, box.y + box.height, handle, "n", "s", dy, stage.height, lines.y, reach);
  const sized = { x: across.low, width: across.high - across.low, y: down.low, height: down.high - down.low };
  return { box: { ...box, ...sized }, guides: { x: across.lines, y: down.lines } };
}

/**
 * One dimension of a box whose low or high edge moves.
 * @param {number} low @param {number} high @param {string} handle @param {string} first @param {string} last
 * @param {number} by @param {number} size @param {number[]} lines @param {number} reach
 */
function side(low, high, handle, first, last, by, size, lines, reach) {
  const moves = handle.includes(first) ? low : handle.includes(last) ? high : null;
  if (moves === null) return { low, high, lines: [] };
  const found = snap([moves + by], lines, reach);
  const edge = Math.round(moves + by + found.by);
  if (moves === low) return { low: clamp(edge, 0, high - LEAST), high, lines: found.lines };
  return { low, high: clamp(edge, low + LEAST, size), lines: found.lines };
}

/**
 * @param {number[]} edges
 * @param {number[]} lines
 * @param {number} reach
 * @returns {{by: number, lines: number[]}} how far to the nearest line, 0 when none is near
 */
function snap(edges, lines, reach) {
  let by = Infinity;
  for (const edge of edges) {
    for (const line of lines) if (Math.abs(line - edge) < Math.abs(by)) by = line - edge;
  }
  if (Math.abs(by) > reach || reach === 0) return { by: 0, lines: [] };
  return { by, lines: lines.filter((line) => edges.some((edge) => Math.abs(edge + by - line) < 0.01)) };
}

/**
 * The anchor that a box at this place most likely wants: the third of the stage that its middle is in.
 * @param {Box} box
 * @param {{width: number, height: number}} stage
 * @param {readonly import("./types.mjs").Anchor[]} anchors
 */
export function nearestAnchor(box, stage, anchors) {
  const third = (/** @type {number} */ middle, /** @type {number} */ size) => Math.floor(clamp((3 * middle) / size, 0, 2.99)) / 2;
  const wanted = [third(box.x + box.width / 2, stage.width), third(box.y + box.height / 2, stage.height)];
  return anchors.find((anchor) => shares(anchor).every((share, at) => share === wanted[at])) ?? box.anchor;
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

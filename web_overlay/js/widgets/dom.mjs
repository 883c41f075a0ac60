// @ts-check
// Building nodes, once, at the start. Afterwards only the view writes.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...Node} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className !== "") node.className = className;
  node.append(...children);
  return node;
}

/** @param {string} [value] @returns {Text} */
export function text(value = "") {
  return document.createTextNode(value);
}

/**
 * An empty icon of 24 × 24; its `path` gets a `d` of icons.mjs.
 * @param {string} className
 * @param {string} [d]
 * @returns {{svg: SVGElement, path: SVGPathElement}}
 */
export function icon(className, d = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  if (d !== "") path.setAttribute("d", d);
  svg.append(path);
  return { svg, path };
}

/**
 * An animation that waits to be played from its start by `view.play`, again and again: one object, never one per event.
 * @param {Element} node
 * @param {Keyframe[]} frames
 * @param {KeyframeAnimationOptions} options
 * @returns {Animation}
 */
export function waiting(node, frames, options) {
  const animation = node.animate(frames, options);
  animation.cancel();
  return animation;
}

/**
 * What all widgets share.
 * @typedef {object} Stage
 * @property {import("../core/view.mjs").View} view
 * @property {import("../core/params.mjs").Options} options
 * @property {boolean} still no movement, fades only
 * @property {import("../core/text.mjs").Texts} texts
 * @property {import("../core/occasions.mjs").Rule[]} rules of the user, for alerts
 * @property {() => void} wake ask for a frame: something changed that is no event
 */

/**
 * How things come in: from `shift`, or only a fade where movement is not wanted.
 * @param {Stage} stage
 * @param {Element} node
 * @param {string} shift a CSS transform
 * @param {number} [ms]
 */
export function entrance(stage, node, shift, ms = 200) {
  const from = stage.still ? { opacity: 0 } : { opacity: 0, transform: shift };
  const to = stage.still ? { opacity: 1 } : { opacity: 1, transform: "none" };
  return waiting(node, [from, to], { duration: ms, easing: "cubic-bezier(.16,1,.3,1)" });
}

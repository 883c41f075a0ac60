// @ts-check
// Creates nodes once at the start. Afterwards only the view writes.

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
 * @property {import("../theme.mjs").Look} look
 * @property {boolean} still no movement, fades only
 * @property {import("../core/text.mjs").Texts} texts
 * @property {import("../core/occasions.mjs").Rule[]} rules of the user, for alerts
 * @property {string} media version of the files that they name
 * @property {ReturnType<typeof import("../keep.mjs").keeper>} keep what outlives a reload
 * @property {import("../core/ranks.mjs").Ranks} ranks which announcement may be seen now
 * @property {(kind: string, position: number) => boolean} announces whether an alert of this page for that event has not begun yet
 * @property {(position: number) => void} replaced says that an event was never visible: later ones took its place
 * @property {() => string} epoch of the positions of events
 * @property {() => number} server the server's clock, ms since 1970
 * @property {() => void} wake ask for a frame: something changed that is no event
 */

const DECELERATE = "cubic-bezier(.16,1,.3,1)";
const OPEN = "inset(-.12rem)"; // beyond the panel: outlines and frames are not cut
const BEHIND_MS = 60; // the panel begins to open while the wire still draws itself

/** The wire along the leading edge of a panel (css/base.css). @param {string} [className] */
export function wire(className = "") {
  return el("i", `wire ${className}`.trim());
}

/**
 * The entrance of a panel by the theme's `motion`: it opens behind its wire, fades, or appears at once.
 * @param {Stage} stage
 * @param {Element} node the panel
 * @param {Element} line its wire
 * @param {"left" | "right" | "top" | "bottom" | "middle"} edge where the wire is
 * @returns {Animation[]} for `view.play`
 */
export function reveal({ still, look }, node, line, edge) {
  const fade = (/** @type {string} */ transform) =>
    waiting(node, [{ opacity: 0, transform }, { opacity: 1, transform: "none" }], { duration: look.enter_ms, easing: DECELERATE });
  if (still) return [fade("none")];
  if (look.motion === "cut") return [];
  if (look.motion === "fade") return [fade(TRAVEL[edge](look.travel))];
  const timing = { easing: DECELERATE, fill: /** @type {const} */ ("backwards") };
  const along = edge === "left" || edge === "right" ? "scaleY(0)" : "scaleX(0)";
  return [
    waiting(line, [{ transform: along }, { transform: "none" }], { ...timing, duration: look.wire_ms }),
    waiting(node, [{ clipPath: CLOSED[edge] }, { clipPath: OPEN }], { ...timing, duration: look.enter_ms, delay: BEHIND_MS }),
  ];
}

/** @type {Record<string, (length: string) => string>} from where a panel that fades in travels */
const TRAVEL = {
  left: (length) => `translateX(calc(-1 * ${length}))`,
  right: (length) => `translateX(${length})`,
  top: (length) => `translateY(calc(-1 * ${length}))`,
  bottom: (length) => `translateY(${length})`,
  middle: (length) => `translateY(${length})`,
};

/** @type {Record<string, string>} only the wire is to be seen */
const CLOSED = {
  left: "inset(-.12rem calc(100% - .03rem) -.12rem -.12rem)",
  right: "inset(-.12rem -.12rem -.12rem calc(100% - .03rem))",
  top: "inset(-.12rem -.12rem calc(100% - .03rem) -.12rem)",
  bottom: "inset(calc(100% - .03rem) -.12rem -.12rem -.12rem)",
  middle: "inset(-.12rem 50% -.12rem 50%)",
};

/**
 * How things without a wire come in: from `shift`, or only a fade where movement is not wanted.
 * @param {Stage} stage
 * @param {Element} node
 * @param {string} shift a CSS transform
 * @param {number} [ms]
 */
export function entrance({ still, look }, node, shift, ms = 200) {
  const from = look.motion === "cut" && !still ? {} : { opacity: 0 };
  const moves = !still && look.motion !== "cut";
  return waiting(node, [moves ? { ...from, transform: shift } : from, moves ? { opacity: 1, transform: "none" } : { opacity: 1 }], {
    duration: ms,
    easing: DECELERATE,
  });
}

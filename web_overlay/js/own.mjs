// @ts-check
// Custom widgets from overlays/widgets/ of the run directory. A failing one is reported and does not affect others.

import { fits } from "./core/layout-file.mjs";

/** @typedef {import("./core/types.mjs").Widget} Widget */
/** @typedef {import("./core/types.mjs").WidgetKind} WidgetKind */
/** @typedef {(problem: string) => void} Report */

const WITHIN_MS = 3_000;
const MOST_FAULTS = 20; // then it is not called again
const BOX = ["x", "y", "width", "height", "anchor"];

/**
 * @param {readonly WidgetKind[]} known the names that are taken
 * @param {Report} report
 * @returns {Promise<WidgetKind[]>}
 */
export async function loadOwn(known, report) {
  const kinds = await Promise.all((await listed(report)).map((each) => imported(each, known, report)));
  return kinds.filter((kind) => kind !== null);
}

/** @param {Report} report @returns {Promise<{name: string, css: boolean}[]>} */
async function listed(report) {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), WITHIN_MS);
  try {
    const response = await fetch("/widgets/", { cache: "no-store", signal: control.signal });
    return response.ok ? (await response.json()).widgets : []; // an older gateway has no such list
  } catch (error) {
    report(`widgets of your own cannot be listed: ${message(error)}`);
    return [];
  } finally {
    clearTimeout(timer);
  }
}

/** @param {{name: string, css: boolean}} file @param {readonly WidgetKind[]} known @param {Report} report @returns {Promise<WidgetKind | null>} */
async function imported({ name, css }, known, report) {
  const file = `overlays/widgets/${name}.mjs`;
  try {
    const { widget } = await import(`/widgets/${name}.mjs`);
    const wrong = known.some((kind) => kind.name === name) ? `${name} is the name of another widget` : fault(widget, name);
    if (wrong !== "") throw new TypeError(wrong);
    if (css) style(name);
    return { ...widget, load: (stage, root) => guarded(name, () => widget.load(stage, root), report) };
  } catch (error) {
    report(`${file}: ${message(error)}`);
    return null;
  }
}

/** @param {any} widget @param {string} name @returns {string} what is wrong with what a module exports as `widget` */
function fault(widget, name) {
  if (widget === null || typeof widget !== "object") return "it exports no object `widget`";
  if (widget.name !== name) return `widget.name is ${JSON.stringify(widget.name)}, expected ${JSON.stringify(name)}`;
  if (typeof widget.title !== "string") return "widget.title is no text";
  if (!Array.isArray(widget.types)) return "widget.types is no list of types of events";
  if (typeof widget.load !== "function") return "widget.load is no function";
  for (const box of ["box", ...(widget.upright === undefined ? [] : ["upright"])]) {
    const missing = BOX.find((field) => !fits(field, widget[box]?.[field]));
    if (missing !== undefined) return `widget.${box}.${missing} does not fit`;
  }
  return "";
}

/** @param {string} name */
function style(name) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = `/widgets/${name}.css`;
  document.head.append(link);
}

/** @param {string} name @param {() => Widget} load @param {Report} report @returns {Widget} */
function guarded(name, load, report) {
  let faults = 0;
  /** @template T @param {() => T} run @param {T} otherwise @returns {T} */
  const attempt = (run, otherwise) => {
    if (faults >= MOST_FAULTS) return otherwise;
    try {
      return run();
    } catch (error) {
      faults += 1;
      if (faults === 1) report(`widget ${name} failed: ${message(error)}`);
      if (faults === MOST_FAULTS) report(`widget ${name} failed ${faults} times and is left alone`);
      return otherwise;
    }
  };
  const idle = { updateAction: () => {}, frame: () => Infinity };
  const widget = attempt(load, /** @type {Widget} */ (idle));
  return {
    updateAction: (event, moment) => attempt(() => widget.updateAction(event, moment), undefined),
    frame: (now) => attempt(() => wakeOf(widget.frame(now)), Infinity),
    resize: (size, anchor) => attempt(() => widget.resize?.(size, anchor), undefined),
  };
}

/** @param {unknown} wake what is no time is never @returns {number} */
function wakeOf(wake) {
  return typeof wake === "number" && !Number.isNaN(wake) ? wake : Infinity;
}

/** @param {unknown} error */
function message(error) {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}

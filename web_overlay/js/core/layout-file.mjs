// @ts-check
// A layout from outside: a message or a file. The gateway applies the same rules (docs/layout.md).

import { ANCHORS, VERSION } from "./layout.mjs";

/** @typedef {import("./types.mjs").Changes} Changes */
/** @typedef {import("./types.mjs").Layout} Layout */

/** An invalid layout; the message has the path of the error. */
export class BadLayout extends Error {}

const WIDGET = /^[a-z][a-z0-9_-]{0,31}$/;
const SCENE = /^[A-Za-z0-9_-]{1,32}$/;
export const MAX_SCENES = 16;
const MAX_WIDGETS = 64;

/** @type {Record<string, (value: any) => boolean>} */
const FIELDS = {
  x: (value) => within(value, -3840, 3840),
  y: (value) => within(value, -3840, 3840),
  width: (value) => within(value, 8, 3840),
  height: (value) => within(value, 8, 3840),
  anchor: (value) => ANCHORS.includes(value),
  scale: (value) => within(value, 0.25, 4),
  order: (value) => Number.isInteger(value) && within(value, -100, 1000),
  visible: (value) => typeof value === "boolean",
};

/** @param {string} name */
export function isSceneName(name) {
  return SCENE.test(name);
}

/** Would a layout with this value be one? @param {string} field @param {unknown} value */
export function fits(field, value) {
  return Object.hasOwn(FIELDS, field) && FIELDS[field](value);
}

/**
 * @param {unknown} raw
 * @returns {Layout} with every table, whatever was left out
 * @throws {BadLayout}
 */
export function readLayout(raw) {
  const { version, name = "", widgets, upright, scenes, ...rest } = table(raw, "$");
  refuseRest(rest, "$");
  if (version !== VERSION) throw new BadLayout(`got version ${show(version)}, expected ${VERSION}, at $.version`);
  if (typeof name !== "string" || name.length > 64) {
    throw new BadLayout(`got ${show(name)}, expected at most 64 characters, at $.name`);
  }
  return {
    ...{ version, name, widgets: changes(widgets, "$.widgets"), upright: changes(upright, "$.upright") },
    scenes: each(scenes, "$.scenes", SCENE, MAX_SCENES, (value, path) => {
      const { widgets, upright, ...rest } = table(value, path);
      refuseRest(rest, path);
      return { widgets: changes(widgets, `${path}.widgets`), upright: changes(upright, `${path}.upright`) };
    }),
  };
}

/** @param {unknown} raw @param {string} path @returns {Changes} */
function changes(raw, path) {
  return each(raw, path, WIDGET, MAX_WIDGETS, (value, at) => {
    /** @type {Record<string, unknown>} */
    const change = {};
    for (const [field, part] of Object.entries(table(value, at))) {
      if (part === null && Object.hasOwn(FIELDS, field)) continue; // the same as left out
      if (!fits(field, part)) throw new BadLayout(`got ${show(part)}, which does not fit, at ${at}.${field}`);
      change[field] = part;
    }
    return change;
  });
}

/**
 * @template T
 * @param {unknown} raw
 * @param {string} path
 * @param {RegExp} names
 * @param {number} most
 * @param {(value: unknown, path: string) => T} read
 * @returns {Record<string, T>}
 */
function each(raw, path, names, most, read) {
  const entries = Object.entries(table(raw ?? {}, path));
  if (entries.length > most) throw new BadLayout(`got ${entries.length} entries, expected at most ${most}, at ${path}`);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (!names.test(name)) throw new BadLayout(`got the name ${show(name)}, expected ${names.source}, at ${path}`);
      return [name, read(value, `${path}.${name}`)];
    }),
  );
}

/** @param {unknown} raw @param {string} path @returns {Record<string, any>} */
function table(raw, path) {
  if (raw === null || typeof raw !== "object" || Array.isArray(raw)) {
    throw new BadLayout(`got ${show(raw)}, expected an object, at ${path}`);
  }
  return /** @type {Record<string, any>} */ (raw);
}

/** @param {Record<string, unknown>} rest @param {string} path */
function refuseRest(rest, path) {
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new BadLayout(`got ${show(unknown)}, which is no key of a layout, at ${path}`);
}

/** @param {unknown} value @param {number} low @param {number} high */
function within(value, low, high) {
  return typeof value === "number" && value >= low && value <= high;
}

/** @param {unknown} value */
function show(value) {
  return (JSON.stringify(value) ?? "nothing").slice(0, 40);
}

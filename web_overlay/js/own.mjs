// @ts-check
// Custom widgets from overlays/widgets/ of the run directory. A failing one is reported and does not affect others.

import { fits } from "./core/layout-file.mjs";
import { guarded } from "./guard.mjs";

/** @typedef {import("./core/types.mjs").WidgetKind} WidgetKind */
/** @typedef {(problem: string) => void} Report */
/** @typedef {{name: string, css: boolean, version: string}} File `version`: another one when a file of the widget has changed */

const WITHIN_MS = 3_000;
const POLL_MS = 1_000; // `?design=1`
const BOX = ["x", "y", "width", "height", "anchor"];

export class OwnWidgets {
  /** @param {readonly WidgetKind[]} known the names that are taken @param {Report} report */
  constructor(known, report) {
    this.known = known;
    this.report = report;
    /** @type {Map<string, string>} the version of each, by its name */
    this.versions = new Map();
    /** @type {Map<string, HTMLLinkElement>} */
    this.styles = new Map();
  }

  /** @returns {Promise<WidgetKind[]>} those that can be used */
  async load() {
    const files = (await this.list()) ?? [];
    const kinds = await Promise.all(files.map((file) => this.import(file)));
    return kinds.filter((kind) => kind !== null);
  }

  /**
   * With `design=1`: look every second for files that changed or are gone. New ones are loaded by a refresh.
   * @param {(kind: WidgetKind) => void} replace
   * @param {(name: string) => void} remove
   */
  watch(replace, remove) {
    const look = async () => {
      const files = await this.list();
      if (files !== null) await this.compare(files, replace, remove);
      setTimeout(look, POLL_MS);
    };
    setTimeout(look, POLL_MS);
  }

  /** @param {File[]} files @param {(kind: WidgetKind) => void} replace @param {(name: string) => void} remove */
  async compare(files, replace, remove) {
    for (const file of files) {
      if (![undefined, file.version].includes(this.versions.get(file.name))) {
        const kind = await this.import(file);
        if (kind !== null) replace(kind);
      }
    }
    for (const name of this.versions.keys()) {
      if (files.some((file) => file.name === name)) continue;
      this.versions.delete(name);
      this.styles.get(name)?.remove();
      remove(name);
    }
  }

  /** @returns {Promise<File[] | null>} null when the gateway does not say */
  async list() {
    try {
      const response = await fetch("/widgets/", { cache: "no-store", signal: AbortSignal.timeout(WITHIN_MS) });
      return response.ok ? (await response.json()).widgets : null; // an older gateway has no such list
    } catch (error) {
      if (this.versions.size === 0) this.report(`widgets of your own cannot be listed: ${message(error)}`);
      return null;
    }
  }

  /** @param {File} file @returns {Promise<WidgetKind | null>} */
  async import({ name, css, version }) {
    this.versions.set(name, version);
    try {
      const { widget } = await import(`/widgets/${name}.mjs?v=${version}`);
      const wrong = this.known.some((kind) => kind.name === name) ? `${name} is the name of another widget` : fault(widget, name);
      if (wrong !== "") throw new TypeError(wrong);
      if (css) this.style(name, version);
      return { ...widget, load: (stage, root) => guarded(widget, stage, root, this.report) };
    } catch (error) {
      this.report(`overlays/widgets/${name}.mjs: ${message(error)}`);
      return null;
    }
  }

  /** @param {string} name @param {string} version */
  style(name, version) {
    const link = this.styles.get(name) ?? document.createElement("link");
    this.styles.set(name, link);
    link.rel = "stylesheet";
    link.href = `/widgets/${name}.css?v=${version}`;
    document.head.append(link);
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

/** @param {unknown} error */
function message(error) {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}

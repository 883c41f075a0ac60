// @ts-check
// Applies a theme to the page: its tokens as a style sheet in the layer `theme`, its words as attributes of <html>.

import { check, styleSheet, words } from "./core/theme.mjs";

const WAIT_MS = 3_000; // a missing theme must not delay the overlay
const POLL_MS = 1_000; // `?design=1`
const TABLE = "/static/themes/tokens.json";

/** What scripts need to know of the tokens, read once before widgets are made. @typedef {ReturnType<typeof readLook>} Look */

/** @param {CSSStyleDeclaration} style the computed style of <html> */
function readLook(style) {
  const word = (/** @type {string} */ name) => style.getPropertyValue(`--fw-${name}`).trim();
  const number = (/** @type {string} */ name) => parseFloat(word(name)) || 0;
  return {
    motion: word("motion"),
    wire_ms: number("wire-time"),
    enter_ms: number("enter"),
    travel: word("travel"),
    row_px: 100 * number("row"),
    frame_px: 100 * number("frame-width"),
    gap_px: 100 * number("gap"),
  };
}

/**
 * Apply the theme of the address. `broadcast` is css/tokens.css, so it is not fetched.
 * @param {import("./core/params.mjs").Options} options
 * @param {(problem: string) => void} report
 * @returns {Promise<Look>}
 */
export async function dress({ theme: name, design }, report) {
  const theme = new Theme(name, report);
  if (name !== "broadcast" || design) await theme.load();
  if (design) theme.watch();
  return readLook(getComputedStyle(document.documentElement));
}

export class Theme {
  /** @param {string} name @param {(problem: string) => void} report */
  constructor(name, report) {
    this.name = name;
    this.report = report;
    this.etag = "";
    this.sheet = new CSSStyleSheet();
    /** @type {string[]} */
    this.set = [];
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet];
  }

  /** Fetch the theme and wear it; the default theme when that fails. */
  async load() {
    try {
      const [theme, table] = await Promise.all([this.fetch(`/themes/${this.name}/theme.json`), this.fetch(TABLE)]);
      this.wear(theme, table);
    } catch (error) {
      this.report(`theme ${this.name}: ${error instanceof Error ? error.message : error}; the default is used`);
    }
  }

  /** @param {string} url @returns {Promise<any>} */
  async fetch(url) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), WAIT_MS);
    try {
      const response = await fetch(url, { signal: stop.signal });
      if (!response.ok) throw new Error(`${url} answered ${response.status}`);
      if (url !== TABLE) this.etag = response.headers.get("ETag") ?? "";
      return await response.json();
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {unknown} theme @param {import("./core/theme.mjs").Table} table */
  wear(theme, table) {
    const { values, problems } = check(theme, table);
    for (const problem of problems) this.report(`theme ${this.name}: ${problem}`);
    const { dataset } = document.documentElement;
    for (const name of this.set) delete dataset[name];
    const set = words(values, table).map(([name, value]) => /** @type {const} */ ([camel(name), value]));
    for (const [name, value] of set) dataset[name] = value;
    this.set = set.map(([name]) => name);
    dataset.framed = "1";
    if (!(parseFloat(values.get("frame-width") ?? "0") > 0)) delete dataset.framed;
    this.sheet.replaceSync(styleSheet(values));
  }

  /** With `design=1`: apply the theme again when its file has changed. Motion applies after a refresh. */
  watch() {
    setInterval(async () => {
      const response = await fetch(`/themes/${this.name}/theme.json`, { method: "HEAD" }).catch(() => null);
      if (response !== null && response.ok && response.headers.get("ETag") !== this.etag) await this.load();
    }, POLL_MS);
  }
}

/** "name-colour" → "nameColour", as `dataset` wants it. @param {string} name */
function camel(name) {
  return name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
}

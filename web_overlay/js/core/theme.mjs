// @ts-check
// A theme is data: values for the tokens of themes/tokens.json, checked by type before they become custom properties.
// An invalid value is reported, and its default is used.

/** @typedef {{type: string, default: string, about: string, min?: number, max?: number, values?: string[]}} Token */
/** @typedef {{types: Record<string, {pattern: string, expected: string}>, groups: {title: string, tokens: Record<string, Token>}[]}} Table */
/** @typedef {{values: Map<string, string>, problems: string[]}} Checked the values that may be used, and what is wrong */

const FIELDS = ["name", "version", "description", "tokens"];
const PANELS = ["panel", "panel-head", "panel-own", "map"];
const MOST = 500; // tokens of a theme: each unknown one is compared with all known ones
const OPAQUE = "#rrggbb".length; // a longer colour has an alpha

/** @param {Table} table @returns {Map<string, Token>} */
export function tokensOf(table) {
  return new Map(table.groups.flatMap((group) => Object.entries(group.tokens)));
}

/**
 * @param {unknown} theme what theme.json holds
 * @param {Table} table
 * @returns {Checked}
 */
export function check(theme, table) {
  /** @type {Checked} */
  const checked = { values: new Map(), problems: [] };
  if (!isObject(theme) || !isObject(theme.tokens)) {
    checked.problems.push("expected an object with name, version, description and tokens");
    return checked;
  }
  for (const field of Object.keys(theme)) {
    if (!FIELDS.includes(field)) checked.problems.push(`${field.slice(0, 40)}: unknown field, expected ${FIELDS.join(", ")}`);
  }
  const tokens = tokensOf(table);
  const given = Object.entries(theme.tokens);
  if (given.length > MOST) checked.problems.push(`got ${given.length} tokens, expected at most ${MOST}; the rest is left out`);
  for (const [name, value] of given.slice(0, MOST)) {
    const token = tokens.get(name);
    const problem = token === undefined ? unknown(name, [...tokens.keys()]) : fault(String(value), token, table);
    if (problem === "") checked.values.set(name, String(value));
    else checked.problems.push(`${name.slice(0, 40)}: ${problem}`);
  }
  return checked;
}

/** @param {string} value @param {Token} token @param {Table} table @returns {string} "" for a value that may be used */
function fault(value, token, table) {
  const { pattern, expected } = table.types[token.type];
  const got = `got ${value.slice(0, 40)}`;
  if (token.values !== undefined && !token.values.includes(value)) return `${got}, expected ${token.values.join(" or ")}`;
  if (!new RegExp(`^(?:${pattern})$`).test(value)) return `${got}, expected ${expected}`;
  const { min = -Infinity, max = Infinity } = token;
  const number = parseFloat(value);
  return number < min || number > max ? `${got}, expected ${min} to ${max}` : "";
}

/** @param {string} name @param {string[]} known */
function unknown(name, known) {
  const nearest = known.reduce((best, other) => (distance(name, other) < distance(name, best) ? other : best));
  return `unknown token; the nearest is ${nearest}`;
}

/** Levenshtein. @param {string} a @param {string} b */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= Math.min(a.length, 64); i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/**
 * A style sheet; every value has matched the pattern of its type. Panels are opaque for who asks the system for more contrast.
 * @param {Map<string, string>} values
 */
export function styleSheet(values) {
  const rule = (/** @type {[string, string][]} */ all) => `:root { ${all.map(([name, value]) => `--fw-${name}: ${value};`).join(" ")} }`;
  const clear = [...values].filter(([name, value]) => PANELS.includes(name) && value.length > OPAQUE);
  const more = clear.map(([name, value]) => /** @type {[string, string]} */ ([name, value.slice(0, OPAQUE)]));
  return `@layer theme { ${rule([...values])}${more.length > 0 ? ` @media (prefers-contrast: more) { ${rule(more)} }` : ""} }`;
}

/**
 * Words that no property of CSS understands: they become attributes of the page, which style sheets select by.
 * @param {Map<string, string>} values
 * @param {Table} table
 * @returns {[string, string][]} name and value of every enum that the theme sets
 */
export function words(values, table) {
  const tokens = tokensOf(table);
  return [...values].filter(([name]) => tokens.get(name)?.type === "enum");
}

/** @param {unknown} value @returns {value is Record<string, any>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

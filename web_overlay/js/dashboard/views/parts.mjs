// @ts-check
// Templates of several panels. lit-html writes values as text and attributes, never as HTML.

import { html, nothing, svg } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { repeat } from "../../../vendor/lit-html@3.3.3/directives/repeat.js";
import { ICONS } from "../../widgets/icons.mjs";
import { UNKNOWN } from "../format.mjs";

/** @typedef {import("../judge.mjs").Verdict} Verdict */
/** @typedef {import("../../../vendor/lit-html@3.3.3/lit-html.js").TemplateResult} Template */
/** @typedef {Record<string, any>} Row */
/** @typedef {{label: string, cell: (row: Row) => unknown, number?: boolean, long?: boolean, tone?: (row: Row) => string}} Column */

const CLIPPED = 240; // characters of a cell; the full text is shown when it is opened
const OPENED = 8_000; // rendering 60 KB of one word blocks the page for a second

/** @type {Record<string, string>} in a box of 24 × 24; what overlays show as well comes from their icons */
const OWN = {
  ...ICONS,
  dot: "M12 7a5 5 0 1 0 0 10a5 5 0 0 0 0-10z",
  gift: "M3 7h18v5H3zM4.500 13.500h6.500V22H4.500zM13 13.500h6.500V22H13zM11 7V12h2V7zM7 2.500l5 4.500l5-4.500l1.500 1.500L14 7h-4L5.500 4z",
  speech: "M2 3h20v14H11l-6 5v-5H2z",
  coin: "M12 1.500a10.500 10.500 0 1 0 0 21a10.500 10.500 0 0 0 0-21zM10.800 6h2.400v12h-2.400z",
  bin: "M9 2h6v2h6v2.500H3V4h6zM5 8h14l-1.200 14H6.200z",
  play: "M5 2.500l15 9.500l-15 9.500z",
  list: "M3 4h18v3.500H3zM3 10.200h18v3.500H3zM3 16.500h18V20H3z",
  eye: "M12 5c5 0 9 3.500 11 7c-2 3.500-6 7-11 7s-9-3.500-11-7c2-3.500 6-7 11-7zM12 8.500a3.500 3.500 0 1 0 0 7a3.500 3.500 0 0 0 0-7z",
};

/** @param {string} name */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${svg`<path d=${OWN[name] ?? OWN.dot} />`}</svg>`;
}

/** A state as a lamp and a word. @param {Verdict} verdict */
export function lamp({ tone, word }) {
  return html`<span class="lamp" data-tone=${tone || "well"}><i></i>${word}</span>`;
}

/** A name from outside, which keeps its own direction. @param {string} name */
export function named(name) {
  return html`<bdi>${name}</bdi>`;
}

/** Text from outside of any length. @param {unknown} value */
export function clip(value) {
  const text = value === null || value === undefined || value === "" ? UNKNOWN : String(value);
  if (text.length <= CLIPPED) return text;
  const rest = text.length > OPENED ? `${text.slice(0, OPENED)}…` : text;
  return html`<details class="clip">
    <summary>${text.slice(0, CLIPPED)}… (${text.length} characters)</summary>
    <pre>${rest}</pre>
  </details>`;
}

/**
 * @param {string} caption for screen readers
 * @param {Row[]} rows
 * @param {Column[]} columns
 * @param {string} none said when there are no rows
 * @param {(row: Row, at: number) => string} [key]
 */
export function table(caption, rows, columns, none, key = (_, at) => String(at)) {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  return html`<table>
    <caption class="unseen">${caption}</caption>
    <thead><tr>${columns.map((column) => html`<th scope="col" class=${column.number ? "number" : ""}>${column.label}</th>`)}</tr></thead>
    <tbody>${repeat(rows, key, (row) => html`<tr>${columns.map((column) => cell(column, row))}</tr>`)}</tbody>
  </table>`;
}

/** @param {Column} column @param {Row} row */
function cell(column, row) {
  const value = column.cell(row);
  const name = column.number ? "number" : column.long ? "long" : "";
  return html`<td class="${name}${value === UNKNOWN ? " unknown" : ""}" data-label=${column.label} data-tone=${column.tone?.(row) || nothing}>${value}</td>`;
}

// @ts-check
// The settings: one field each, with its default, its reason and the effect of a change; above them what the changes do.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { repeat } from "../../../vendor/lit-html@3.3.3/directives/repeat.js";
import { asFile, consequence, textOf } from "../../core/plan.mjs";

/** @typedef {import("../settings.mjs").Settings} Settings */
/** @typedef {import("../settings.mjs").Row} Row */

const HIDDEN = "(hidden)";

/** @param {Settings} settings */
export function settingsFold(settings) {
  if (settings.rows === null) return html`<p class="none">${settings.error || "Loading…"}</p>`;
  const wanted = settings.find.trim().toLowerCase();
  const found = settings.rows.filter((row) => `${row.key} ${row.reason}`.toLowerCase().includes(wanted));
  return html`<div class="pending">${planPanel(settings)}</div>
    <p class="buttons"><label for="find-setting">Search</label>
      <input id="find-setting" type="search" .value=${settings.find} autocomplete="off" spellcheck="false"
        @input=${(/** @type {Event} */ { target }) => search(settings, target)}>
      <span class="soft">${found.length} of ${settings.rows.length} settings. Passwords and tokens are not among them.</span></p>
    ${repeat(sections(found), ([name]) => name, ([name, rows]) => sectionPart(settings, name, rows, wanted !== ""))}`;
}

/** @param {Settings} settings @param {EventTarget | null} target */
function search(settings, target) {
  settings.find = /** @type {HTMLInputElement} */ (target).value;
  settings.changed();
}

/** @param {Row[]} rows @returns {[string, Row[]][]} */
function sections(rows) {
  /** @type {Map<string, Row[]>} */
  const found = new Map();
  for (const row of rows) {
    const name = row.key.includes(".") ? row.key.slice(0, row.key.lastIndexOf(".")) : "general";
    found.set(name, [...(found.get(name) ?? []), row]);
  }
  return [...found];
}

/** @param {Settings} settings @param {string} name @param {Row[]} rows @param {boolean} open */
function sectionPart(settings, name, rows, open) {
  const own = rows.filter((row) => JSON.stringify(row.value) !== JSON.stringify(row.default)).length;
  return html`<details class="section" ?open=${open || rows.some((row) => settings.edits.has(row.key))}>
    <summary>${name} <span class="soft">${own > 0 ? `${own} of ${rows.length} not the default` : `${rows.length}`}</span></summary>
    <ul class="things">${repeat(rows, (row) => row.key, (row) => settingRow(settings, row))}</ul></details>`;
}

/** @param {Settings} settings @param {Row} row */
function settingRow(settings, row) {
  const edited = settings.edits.has(row.key);
  const text = settings.edits.get(row.key) ?? (row.value === HIDDEN ? "" : textOf(row.value));
  return html`<li class="setting" data-tone=${edited ? "warn" : nothing}>
    <label for="set-${row.key}">${row.key.slice(row.key.lastIndexOf(".") + 1)}</label>
    ${field(settings, row, text)}
    <span class="soft">${[row.expected, defaultOf(row), effectOf(row)].filter(Boolean).join(" · ")}</span>
    ${row.reason ? html`<p class="soft">${row.reason}</p>` : nothing}</li>`;
}

/** @param {Row} row */
function defaultOf(row) {
  if (row.default === null) return "";
  return `default ${textOf(row.default) || "empty"}`;
}

/** @param {Row} row */
function effectOf({ kind, refused, restarts }) {
  if (refused) return `needs a stop and a start: ${refused}`;
  if (kind === "data") return "only in the file";
  return restarts.length > 0 ? `restarts ${restarts.join(", ")}` : "at once";
}

/** @param {Settings} settings @param {Row} row @param {string} text */
function field(settings, row, text) {
  const set = (/** @type {Event} */ { target }) => settings.edit(row.key, /** @type {HTMLInputElement} */ (target).value);
  const id = `set-${row.key}`;
  const fixed = row.refused !== "" || settings.busy;
  if (row.kind === "data") return html`<code id=${id}>${textOf(row.value) || "empty"}</code>`;
  if (row.kind === "bool" || row.kind === "choice") {
    const options = row.kind === "bool" ? ["true", "false"] : row.options;
    return html`<select id=${id} ?disabled=${fixed} .value=${text} @change=${set}>
      ${options.map((/** @type {string} */ each) => html`<option value=${each} ?selected=${each === text}>${each}</option>`)}</select>`;
  }
  if (row.kind === "list") return html`<textarea id=${id} rows="2" ?disabled=${fixed} .value=${text} @input=${set} spellcheck="false"></textarea>`;
  const hint = row.value === HIDDEN ? "hidden; a new value replaces it" : row.value === null ? "not set" : "empty";
  return html`<input id=${id} ?disabled=${fixed} .value=${text} placeholder=${hint} @input=${set} autocomplete="off" spellcheck="false"
    inputmode=${row.kind === "number" ? "decimal" : "text"}>`;
}

/** @param {Settings} settings */
function planPanel(settings) {
  const { edits, plan, applied, error, busy } = settings;
  if (applied !== null) return appliedPanel(applied);
  if (edits.size === 0) return error ? html`<p data-tone="bad" role="alert">${error}</p>` : nothing;
  const what = error
    ? html`<p data-tone="bad" role="alert">${error}</p>`
    : plan === null
      ? html`<p class="soft">Looking what this changes…</p>`
      : html`${changeList(plan)}<p><strong>${consequence(plan, false)}</strong></p>`;
  return html`${what}<p class="buttons">
    <button type="button" ?disabled=${plan === null || error !== "" || busy} @click=${() => void settings.apply()}>${busy ? "Applying…" : "Apply"}</button>
    <button type="button" ?disabled=${busy} @click=${() => settings.discard()}>Discard</button></p>`;
}

/** @param {import("../settings.mjs").Plan} plan */
function changeList({ changes }) {
  return html`<ul>${changes.map(
    ({ key, before, after }) => html`<li><code>${key}</code> ${textOf(before) || "empty"} → <strong>${textOf(after) || "empty"}</strong></li>`,
  )}</ul>`;
}

/** @param {import("../settings.mjs").Plan} plan */
function appliedPanel(plan) {
  return html`<p role="status"><strong>Applied.</strong> ${consequence(plan, true)} Until the next start; to keep it, add this to your configuration file:</p>
    <pre tabindex="0">${asFile(plan.changes)}</pre>`;
}

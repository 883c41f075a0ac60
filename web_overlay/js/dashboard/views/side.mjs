// @ts-check
// The right column: one line of health, problems with advice, sources.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { ago, count, decimal, duration, rows, word } from "../format.mjs";
import { obsVerdicts } from "../obs.mjs";
import { alertsOf, reasonOf, sourceVerdict } from "../sources.mjs";
import { commandLine, loginPart } from "./login.mjs";
import { clip, lamp, named } from "./parts.mjs";

/** @typedef {Record<string, any>} Row */
/** @typedef {import("../judge.mjs").Verdict} Verdict */
/** @typedef {import("../../core/events.js").Obs} Obs */
/** @typedef {import("./login.mjs").LogIn} LogIn */

// Counters of a source that are shown when they are not zero.
const COUNTED = [
  ["duplicate", "duplicate"],
  ["late", "late"],
  ["future", "ahead of time"],
  ["rejected", "rejected"],
  ["reconnects", "reconnects"],
];

const MOST_ALERTS = 3; // the others are folded: in a dock the buttons are below the alerts

/**
 * @param {Verdict} verdict
 * @param {string[]} switched what viewers do not get because an operator said so
 * @param {(row: NonNullable<Verdict["go"]>) => void} jump shows a row
 */
export function healthLine(verdict, switched, jump) {
  const { go } = verdict;
  const link = go && html` <button type="button" class="small" @click=${() => jump(go)}>Go to ${named(go.name)}</button>`;
  return html`${lamp(verdict)}${link ?? nothing}${verdict.remedy ? html` <span class="remedy">${clip(verdict.remedy)}</span>` : nothing}
  ${switched.length === 0 ? nothing : html`<span class="switched">Switched: ${switched.join("; ")}.</span>`}`;
}

/** What plays before a game is connected. @param {Row} status @param {(() => void) | null} end null: this page offers no commands */
export function demoLine(status, end) {
  if (rows(status.sources).every(({ kind }) => kind !== "demo")) return nothing;
  const button = end && html` <button type="button" class="small" @click=${end}>End the demo</button>`;
  return html`The overlays show a demo match. It begins at each start, unless the configuration has <code>demo = false</code>.${button ?? nothing}`;
}

/** @param {Row} status its alerts as the supervisor sorts them */
export function alertCards(status) {
  const cards = alertsOf(status).map(alertCard);
  const more = cards.slice(MOST_ALERTS);
  if (more.length === 0) return cards;
  return [...cards.slice(0, MOST_ALERTS), html`<details><summary>${more.length} more alert${more.length === 1 ? "" : "s"}</summary>${more}</details>`];
}

/** @param {Row} alert */
function alertCard(alert) {
  return html`<article class="alert" data-tone=${alert.level === "critical" ? "bad" : "warn"}>
      <p><strong>${named(word(alert.name))}</strong> <span>${clip(alert.text)}</span> <span class="soft" aria-live="off">for ${duration(alert.for_s)}</span></p>
      <p class="do"><span>${clip(alert.do)}</span>${alert.command ? html`<code>${alert.command}</code>` : nothing}</p>
    </article>`;
}

/**
 * @param {Row} status
 * @param {ReadonlyMap<string, Obs>} obs the state of each OBS, by the name of its source
 * @param {LogIn | null} act null: this page offers no commands
 */
export function sourcesPanel(status, obs, act) {
  const sources = Array.isArray(status.sources) ? rows(status.sources) : ingestAsSource(status);
  if (sources.length === 0) return html`<p class="none">No source is configured, or the supervisor does not answer.</p>`;
  return html`<ul class="things">${sources.map((source) => sourceRow(source, obs.get(word(source.name)), act))}</ul>`;
}

/** Without a list of sources the ingest is shown as the only source. @param {Row} status @returns {Row[]} */
function ingestAsSource(status) {
  return rows(status.processes)
    .filter((row) => row.name === "ingest")
    .map((row) => ({
      name: "ingest",
      kind: "events over HTTP",
      state: row.state === "running" ? "live" : row.state,
      events_per_s: row.events_per_s,
      detail: row.state === "running" ? "" : row.last_reason,
    }));
}

/** @param {Obs} state */
function obsFacts(state) {
  const verdicts = obsVerdicts(state);
  if (verdicts.length === 0) return nothing;
  return html`<div class="facts"><span>scene ${named(word(state.scene))}</span>${verdicts.map(
    (each) => html`<span data-tone=${each.tone || nothing}>${each.word}</span>`,
  )}</div>`;
}

/** @param {Row} source */
function delivery({ redelivers, loss, silence_s }) {
  return html`<details class="soft"><summary>${redelivers ? "Redelivers" : "Does not redeliver"}</summary>
    <p>Lost if its process dies: ${clip(loss)}${silence_s > 0 ? ` Reported as silent after ${duration(silence_s)}.` : ""}</p></details>`;
}

/** What the source waits for: its login, or a command. @param {Row} source @param {LogIn} act */
function waitsFor(source, act) {
  const line = commandLine(String(source.command ?? ""), act);
  if (!source.login) return line;
  const same = source.command ? html`<details class="soft"><summary>In a terminal instead</summary>${line}</details>` : nothing;
  return html`${loginPart(source, act)}${same}`;
}

/** @param {Row} source @param {Obs | undefined} obs @param {LogIn | null} act */
function sourceRow(source, obs, act) {
  const verdict = sourceVerdict(source);
  return html`<li data-name=${word(source.name)} tabindex="-1">
    <div class="thing"><strong>${named(word(source.name))}</strong> <span class="soft">${word(source.kind)}</span>${lamp(verdict)}</div>
    <div class="facts">
      <span>${decimal(source.events_per_s, 1, " events/s")}</span>
      ${source.message_age_s === undefined ? nothing : html`<span>last message ${ago(source.message_age_s)}</span>`}
      ${COUNTED.map(([name, label]) => (source[name] > 0 ? html`<span>${count(source[name])} ${label}</span>` : nothing))}
    </div>
    ${source.loss ? delivery(source) : nothing}
    ${obs === undefined ? nothing : obsFacts(obs)}
    ${source.detail ? html`<p class="remedy" data-tone=${verdict.tone || nothing}>${clip(reasonOf(source))}</p>` : nothing}
    ${verdict.remedy ? html`<p class="remedy">${verdict.remedy}</p>` : nothing}
    ${act === null ? nothing : waitsFor(source, act)}
  </li>`;
}

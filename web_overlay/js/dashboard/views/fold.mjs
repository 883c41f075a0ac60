// @ts-check
// Details below the panels: ledger, processes, rejected messages. A closed fold is not rendered.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { count, decimal, duration, rows, share, size, time, word } from "../format.mjs";
import { processVerdict } from "../judge.mjs";
import { logPanel } from "./log.mjs";
import { clip, lamp, table } from "./parts.mjs";

/** @typedef {Record<string, any>} Row */

/** @param {Row} status @param {import("../log.mjs").ProcessLog | null} log null: this page may not read it */
export function processesFold(status, log) {
  const read = (/** @type {string} */ name) =>
    html`<button type="button" class="small" aria-label="Log of ${name}" aria-pressed=${String(log?.name === name)} @click=${() => log?.open(name)}>Log</button>`;
  return html`${processTable(status, log === null ? [] : [{ label: "log", cell: (row) => read(word(row.name)) }])}
    ${log === null ? nothing : html`<p class="buttons"><span class="soft">Supervisor</span>${read("supervisor")}</p>${logPanel(log)}`}`;
}

/** @param {Row} status @param {import("./parts.mjs").Column[]} more */
function processTable(status, more) {
  const resident = status.supervisor?.memory_kind === "resident"; // a system without a proportional one
  return table(
    "Processes",
    rows(status.processes),
    [
      { label: "process", cell: (row) => word(row.name) },
      { label: "state", cell: (row) => lamp(processVerdict(row)) },
      { label: "up", cell: (row) => duration(row.uptime_s), number: true },
      { label: "CPU", cell: (row) => decimal(row.cpu_pct, 1, " %"), number: true },
      { label: "busy", cell: (row) => share(row.busy_share), number: true },
      { label: resident ? "resident memory" : "memory", cell: (row) => size(row.memory_bytes), number: true },
      { label: "queue", cell: (row) => count(row.queue), number: true },
      { label: "events/s", cell: (row) => count(row.events_per_s), number: true },
      { label: "restarts", cell: (row) => count(row.restarts), number: true, tone: (row) => (row.restarts > 0 ? "warn" : "") },
      { label: "last reason", cell: (row) => clip(row.last_reason), long: true },
      { label: "pid", cell: (row) => word(row.pid), number: true },
      ...more,
    ],
    "The supervisor does not answer: its processes are unknown.",
    (row, at) => String(row.name ?? at),
  );
}

/** The tokens of `token add`. @param {Row} status */
export function tokensFold(status) {
  return table(
    "Added tokens",
    rows(status.tokens),
    [
      { label: "name", cell: (row) => clip(row.name) },
      { label: "scope", cell: (row) => word(row.scope) },
      { label: "expires", cell: (row) => moment(row.expires_ms, row.expired ? "expired " : ""), tone: (row) => (row.expired ? "warn" : "") },
      { label: "last use", cell: (row) => moment(row.used_ms) },
    ],
    "There are none. “token add NAME --expires 12h” makes one for one overlay or person.",
    (row, at) => String(row.name ?? at),
  );
}

/** @param {unknown} ts_ms @param {string} before */
function moment(ts_ms, before = "") {
  return typeof ts_ms === "number" ? `${before}${new Date(ts_ms).toLocaleString()}` : "never";
}

/** @param {Row} status @returns {Row[]} one per category; also of a tree without `events` */
function accounts(status) {
  const events = status?.ledger?.events ?? status?.ledger;
  if (events === null || typeof events !== "object") return [];
  return Object.entries(events)
    .filter(([name, account]) => name !== "raw" && account !== null && typeof account === "object")
    .map(([category, account]) => ({ category, ...account }));
}

/** @param {Row} status */
export function ledgerFold(status) {
  const buckets = ["received", "sent", "coalesced", "duplicate", "expired", "dropped_total", "pending"];
  return html`${table(
    "Ledger: outcome of every event",
    accounts(status),
    [
      { label: "category", cell: (row) => row.category },
      ...buckets.map((key) => ({
        label: key === "dropped_total" ? "dropped" : key,
        cell: (/** @type {Row} */ row) => count(row[key]),
        number: true,
        tone: (/** @type {Row} */ row) => (key === "dropped_total" && row[key] > 0 ? "warn" : ""),
      })),
      { label: "dropped by rule", cell: (row) => rules(row.dropped), long: true },
    ],
    "The queue-manager does not answer: its numbers are unknown.",
    (row) => row.category,
  )}<p class="soft">${rawSentence(status)}</p>`;
}

/** @param {unknown} dropped rule → count */
function rules(dropped) {
  if (dropped === null || typeof dropped !== "object") return word(null);
  const found = Object.entries(dropped).filter(([, number]) => number > 0);
  return found.length === 0 ? word(null) : found.map(([rule, number]) => `${rule.replaceAll("_", " ")}: ${count(number)}`).join(", ");
}

/** @param {Row} status */
function rawSentence(status) {
  const raw = status?.ledger?.raw;
  if (raw === null || typeof raw !== "object") return "";
  const parts = [
    `${count(raw.mapped)} understood`,
    `${count(raw.empty)} without an event`,
    `${count(raw.rejected)} rejected`,
    `${count(raw.lost)} lost on the way (none critical)`,
  ];
  return `Raw messages: ${count(raw.numbered)} = ${parts.join(" + ")}`;
}

/** @param {Row[] | null} held null: not asked yet */
export function rejectedFold(held) {
  if (held === null) return html`<p class="none">Loading…</p>`;
  return table(
    "Rejected messages",
    held,
    [
      { label: "when", cell: (row) => time(row.ts_ms ?? row.ts_ingest_ms) },
      { label: "kind", cell: (row) => word(row.kind) },
      { label: "why", cell: (row) => clip(row.reason), long: true, tone: (row) => (row.dead ? "bad" : "") },
      { label: "message", cell: (row) => html`<div class="excerpt">${clip(pretty(row.excerpt))}</div>`, long: true },
    ],
    "No message was rejected.",
    (row, at) => String(row.n ?? `${row.id} ${at}`),
  );
}

/** JSON with line breaks, when it is whole JSON. @param {unknown} excerpt */
function pretty(excerpt) {
  if (typeof excerpt !== "string" || !/^[[{]/.test(excerpt)) return excerpt;
  try {
    return JSON.stringify(JSON.parse(excerpt), null, 1);
  } catch {
    return excerpt; // it was cut, or is no JSON
  }
}

/** @param {Row} status */
export function aboutFold(status) {
  const epoch = word(status.epoch).slice(0, 8);
  return html`<p>Log ${epoch}, ${count(status.top)} events, ${word(status.gateway)}${status.dashboards > 1 ? html`, ${count(status.dashboards)} dashboards and previews` : nothing}.</p>
    <p class="soft">The command <code>reload</code> applies a changed configuration file, <code>doctor</code> checks this machine.</p>`;
}

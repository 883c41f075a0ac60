// @ts-check
// What the page shows of /api/status and /api/quarantine. Whatever is missing there is a dash here, never a failure.

import { count, decimal, duration, rows, share, size, time, word } from "./format.mjs";
import { Table } from "./table.mjs";

/** @typedef {Record<string, any>} Row */
/** @typedef {import("../core/view.mjs").View} View */

/** @param {unknown} state @returns {string} */
function tone(state) {
  if (["running", "live", "ready", "ok"].includes(String(state))) return "good";
  return ["failed", "dead", "given_up", "crashed", "hung"].includes(String(state)) ? "bad" : "warn";
}

/** @param {Row} row @returns {string} the one word that matters most, as `status` says it */
export function processState(row) {
  if (row.state === "running" && row.silent === true) return "silent";
  return row.state === "running" && row.degraded === true ? "degraded" : word(row.state).replaceAll("_", " ");
}

/** @param {View} view @param {HTMLElement} root */
export function processes(view, root) {
  return new Table(view, root, {
    none: "The supervisor does not answer: what runs is not known.",
    key: (row, at) => String(row.name ?? at),
    columns: [
      { label: "process", cell: (row) => word(row.name) },
      { label: "state", cell: processState, tone: (row) => tone(processState(row)) },
      { label: "pid", cell: (row) => word(row.pid), number: true },
      { label: "up", cell: (row) => duration(row.uptime_s), number: true },
      { label: "CPU", cell: (row) => decimal(row.cpu_pct, 1, " %"), number: true },
      { label: "busy", cell: (row) => share(row.busy_share), number: true },
      { label: "memory", cell: (row) => size(row.rss_bytes), number: true },
      { label: "queue", cell: (row) => count(row.queue), number: true },
      { label: "events/s", cell: (row) => count(row.events_per_s), number: true },
      {
        label: "restarts",
        cell: (row) => count(row.restarts),
        number: true,
        tone: (row) => (row.restarts > 0 ? "warn" : ""),
      },
      { label: "last reason", cell: (row) => word(row.last_reason), long: true },
    ],
  });
}

/** @param {View} view @param {HTMLElement} root */
export function overlays(view, root) {
  return new Table(view, root, {
    none: "No overlay is connected. Copy the address above into a browser source of OBS.",
    key: (row, at) => `${row.overlay_id} ${row.address} ${at}`,
    columns: [
      { label: "overlay", cell: (row) => word(row.overlay_id) },
      { label: "state", cell: (row) => word(row.state).replaceAll("_", " "), tone: (row) => tone(row.state) },
      { label: "drawn to", cell: (row) => count(row.position), number: true },
      { label: "behind", cell: (row) => count(row.lag), number: true, tone: (row) => (row.lag > 0 ? "warn" : "") },
      { label: "fps", cell: (row) => decimal(row.fps, 0), number: true },
      { label: "latency p50", cell: (row) => decimal(row.latency_p50_ms, 1, " ms"), number: true },
      { label: "p95", cell: (row) => decimal(row.latency_p95_ms, 1, " ms"), number: true },
      { label: "dropped", cell: (row) => count(row.dropped), number: true },
      { label: "format", cell: (row) => word(row.format) },
      { label: "build", cell: (row) => word(row.build) },
    ],
  });
}

/** @param {View} view @param {HTMLElement} root */
export function ledger(view, root) {
  const bucket = (/** @type {string} */ label, /** @type {string} */ key) => ({
    label,
    cell: (/** @type {Row} */ row) => count(row[key]),
    number: true,
  });
  return new Table(view, root, {
    none: "The queue-manager does not answer: its numbers are not known.",
    key: (row) => row.category,
    columns: [
      { label: "category", cell: (row) => row.category },
      bucket("received", "received"),
      bucket("sent", "sent"),
      bucket("coalesced", "coalesced"),
      bucket("duplicate", "duplicate"),
      bucket("expired", "expired"),
      {
        label: "dropped",
        cell: (row) => count(row.dropped_total),
        number: true,
        tone: (row) => (row.dropped_total > 0 ? "warn" : ""),
      },
      bucket("pending", "pending"),
    ],
  });
}

/** @param {any} status @returns {Row[]} one per category; also of a tree without `events` */
export function ledgerRows(status) {
  const events = status?.ledger?.events ?? status?.ledger;
  if (events === null || typeof events !== "object") return [];
  return Object.entries(events)
    .filter(([name, account]) => name !== "raw" && account !== null && typeof account === "object")
    .map(([category, account]) => ({ category, ...account }));
}

/** @param {any} status @returns {string} */
export function rawSentence(status) {
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

/** @param {View} view @param {HTMLElement} root */
export function quarantine(view, root) {
  return new Table(view, root, {
    none: "Nothing was rejected.",
    key: (row, at) => String(row.n ?? `${row.id} ${at}`),
    columns: [
      { label: "when", cell: (row) => time(row.ts_ms ?? row.ts_ingest_ms) },
      { label: "kind", cell: (row) => word(row.kind) },
      { label: "why", cell: (row) => word(row.reason), tone: (row) => (row.dead ? "bad" : ""), long: true },
      { label: "excerpt", cell: (row) => word(row.excerpt), long: true },
    ],
  });
}

/**
 * One fact per line, whatever the story holds.
 * @param {any} answer of /api/why
 * @returns {string}
 */
export function storyText(answer) {
  const reasons = rows(answer?.reasons?.map((/** @type {unknown} */ text) => ({ text }))).map((row) => `! ${row.text}`);
  if (answer?.story === null || typeof answer?.story !== "object") {
    return [...reasons, answer?.error ?? "No event with this id is known (any more)."].join("\n");
  }
  const lines = Object.entries(answer.story).map(([name, value]) => {
    if (name.startsWith("ts_")) return `${name}: ${time(value)}`;
    return `${name}: ${value !== null && typeof value === "object" ? JSON.stringify(value) : word(value)}`;
  });
  return [...lines, ...reasons].join("\n");
}

// @ts-check
// Latency and rate of the last five minutes. Samples are kept from the first answer on, and drawn while visible.

import { time } from "./format.mjs";

const SPAN_S = 300;
const INK = "#a5b1c0";
const GRID = "#273140";

/** @typedef {{t: number[], p50: (number | null)[], p95: (number | null)[], rate: (number | null)[], sent: (number | null)[]}} Samples */

/** @param {any} status @returns {number | null} events that the queue-manager has received since its ledger began */
function received(status) {
  const events = status?.ledger?.events;
  if (events === null || typeof events !== "object") return null;
  return Object.values(events).reduce((sum, account) => sum + (account?.received ?? 0), 0);
}

/** @param {any} status @param {string} key @returns {number | null} of the slowest overlay */
function slowest(status, key) {
  const clients = Array.isArray(status?.clients) ? status.clients : [];
  const known = clients.map((/** @type {any} */ row) => row?.[key]).filter((/** @type {any} */ x) => typeof x === "number");
  return known.length === 0 ? null : Math.max(...known);
}

export class History {
  constructor() {
    /** @type {Samples} */
    this.samples = { t: [], p50: [], p95: [], rate: [], sent: [] };
    /** @type {{t: number, received: number} | null} */
    this.before = null;
  }

  /** @param {any} status @param {number} now_s */
  add(status, now_s) {
    const { t, p50, p95, rate } = this.samples;
    const total = received(status);
    const before = this.before;
    t.push(now_s);
    p50.push(slowest(status, "latency_p50_ms"));
    p95.push(slowest(status, "latency_p95_ms"));
    const passed = before !== null && total !== null && total >= before.received && now_s > before.t;
    rate.push(passed ? (total - before.received) / (now_s - before.t) : null);
    this.before = total === null ? null : { t: now_s, received: total };
    while (t.length > 0 && t[0] < now_s - SPAN_S) for (const list of [t, p50, p95, rate]) list.shift();
  }
}

/** @param {string} label @param {string} unit */
function axes(label, unit) {
  const axis = { stroke: INK, grid: { stroke: GRID, width: 1 }, ticks: { stroke: GRID, width: 1 } };
  const values = (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits.map((s) => time(s * 1000).slice(0, 8));
  return [{ ...axis, values, space: 80 }, { ...axis, label: `${label} (${unit})`, size: 64, labelSize: 22 }];
}

export class Plots {
  /** @param {HTMLElement} root @param {History} history */
  constructor(root, history) {
    this.root = root;
    this.history = history;
    /** @type {any[]} */
    this.charts = [];
  }

  build() {
    const make = (/** @type {string} */ label, /** @type {string} */ unit, /** @type {[string, string][]} */ lines) => {
      const series = lines.map(([name, stroke]) => ({ label: name, stroke, width: 2, points: { show: false } }));
      const scales = { y: { range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ high) => [0, Math.max(1, high * 1.1)] } };
      const options = { width: this.width(), height: 180, legend: { show: false }, cursor: { show: false }, scales, axes: axes(label, unit), series: [{}, ...series] };
      const chart = new /** @type {any} */ (globalThis).uPlot(options, [[], ...lines.map(() => [])], this.root);
      chart.root.setAttribute("role", "img");
      this.charts.push(chart);
    };
    make("rendered within", "ms", [
      ["p50", "#6fb4ff"],
      ["p95", "#ffc53d"],
    ]);
    make("events", "per second", [["rate", "#4fd98a"]]);
  }

  width() {
    return Math.max(220, Math.min(800, this.root.clientWidth > 900 ? this.root.clientWidth / 2 - 10 : this.root.clientWidth));
  }

  draw() {
    if (this.charts.length === 0) this.build();
    const { t, p50, p95, rate } = this.history.samples;
    const [latency, events] = this.charts;
    const last = (/** @type {(number | null)[]} */ list) => list[list.length - 1];
    for (const chart of this.charts) if (chart.width !== this.width()) chart.setSize({ width: this.width(), height: 180 });
    latency.setData([t, p50, p95]);
    events.setData([t, rate]);
    latency.root.setAttribute("aria-label", `Latency: half of events rendered within ${last(p50)?.toFixed(0) ?? "?"} ms, 95 % within ${last(p95)?.toFixed(0) ?? "?"} ms`);
    events.root.setAttribute("aria-label", `Rate: ${last(rate)?.toFixed(0) ?? "?"} events per second`);
  }
}

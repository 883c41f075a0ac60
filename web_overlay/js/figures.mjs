// @ts-check
// Measurements of the page, for receipts, the HUD and `framewire.status()`.

import { NAMES } from "./core/governor.mjs";
import { BUILD } from "./version.mjs";

/**
 * @typedef {object} Page
 * @property {string} id
 * @property {import("./core/engine.mjs").Engine} engine
 * @property {import("./core/governor.mjs").Governor} governor
 * @property {import("./core/scheduler.mjs").Scheduler} scheduler
 * @property {import("./uplink.mjs").Uplink} uplink
 * @property {import("./core/view.mjs").View} view
 * @property {import("./perf/hud.mjs").Hud} hud
 * @property {import("./core/receipts.mjs").Receipts} receipts
 * @property {string[]} problems
 */

/** @param {Page} page @returns {import("./report.mjs").Figures} */
export function figures({ engine, governor, scheduler, hud }) {
  const [p50, p95] = engine.record.latency.percentiles(0.5, 0.95);
  const [slowest] = governor.level > 0 ? engine.costs.list(governor.nominal_ms) : [];
  return {
    ...{ fps: scheduler.fps(), p50, p95, queue: engine.waiting, dropped: engine.queue.dropped, warnings: hud.watch.warnings },
    ...{ quality: governor.level, slowest: slowest?.name ?? "" },
  };
}

/** @param {Page} page @returns {import("./perf/hud.mjs").Figures} */
export function hudFigures(page) {
  const { id, engine, governor, scheduler, uplink, receipts, problems } = page;
  const { status } = uplink;
  const { fps, p50, p95, queue, dropped } = figures(page);
  const systems = engine.costs.list(governor.nominal_ms);
  const over = systems.filter(({ state }) => state !== "");
  const [cost] = engine.cost.percentiles(0.95);
  /** @type {[string, string][]} */
  const lines = [
    ["state", status.state],
    ["position", `${status.position} of ${status.top}`],
    ["rendered", String(receipts.position)],
    ["ingest → rendered p50", ms(p50)],
    ["ingest → rendered p95", ms(p95)],
    ["script per frame p95", ms(cost)],
    ["slowest system", systems.length === 0 ? "–" : budget(systems[0])],
    ["over budget", over.map(({ name, state }) => (state === "critical" ? `${name}!` : name)).join(", ") || "none"],
    ["quality", `${governor.level}: ${NAMES[governor.level]}${governor.fixed === null ? "" : " (fixed)"}`],
    ["late frames", `${governor.counters.own} own, ${governor.counters.external} external`],
    ["queue", String(queue)],
    ["dropped", String(dropped)],
    ["late", String(engine.counters.late)],
    ["js_scheduler_v2", scheduler.paced ? "on" : "off: each event is drawn as it arrives"],
    ["connects", `${status.connects} (${status.transport}, ${uplink.thread})`],
    ["memory of scripts", memory()],
    ["overlay", id],
    ["build", BUILD],
  ];
  if (engine.counters.faults > 0) lines.push(["widget faults", String(engine.counters.faults)]);
  const sample = {
    ...{ ts_ms: Date.now(), fps, latency_p50_ms: p50, latency_p95_ms: p95, script_p95_ms: cost, queue, dropped },
    memory_bytes: memoryBytes(),
  };
  const about = { overlay: id, build: BUILD, browser: navigator.userAgent };
  return { fps, intervals: scheduler.intervals, lines, problems: problems.slice(-4), sample, about };
}

/** What a rehearsal reads through the browser (docs/overlay.md). @param {Page} page */
export function status(page) {
  const { id, engine, governor, scheduler, uplink, view, hud, receipts, problems } = page;
  const { fps, p50, p95, queue, dropped } = figures(page);
  const { state, epoch, position, top, connects, transport, cursor } = uplink.status;
  return {
    state,
    overlay_id: id,
    epoch,
    position,
    top,
    drawn: receipts.position,
    fps,
    latency_p50_ms: p50,
    latency_p95_ms: p95,
    queue,
    dropped,
    frames: scheduler.frames,
    js_scheduler_v2: scheduler.paced,
    receipts: receipts.sent,
    connects,
    transport,
    thread: uplink.thread,
    quality: { level: governor.level, ...governor.counters, slowest: engine.costs.slowest() },
    systems: engine.costs.list(governor.nominal_ms),
    script_p95_ms: engine.cost.percentiles(0.95)[0],
    hud_ms: hud.cost.mean(),
    cursor: { ...cursor },
    events: { ...engine.counters },
    queued: { ...engine.queue.counters },
    view: { ...view.counters },
    warnings: [...hud.watch.warnings],
    problems: [...problems],
  };
}

/** The heap of all pages of this renderer, as Chromium reports it, in steps of some percent. @returns {number | null} */
function memoryBytes() {
  return /** @type {{memory?: {usedJSHeapSize: number}}} */ (/** @type {unknown} */ (performance)).memory?.usedJSHeapSize ?? null;
}

function memory() {
  const bytes = memoryBytes();
  return bytes === null ? "–" : `${(bytes / 2 ** 20).toFixed(0)} MB`;
}

/** @param {import("./core/costs.mjs").Cost} cost */
function budget({ name, ms, target_ms }) {
  return `${name} ${ms.toFixed(2)} of ${target_ms.toFixed(2)} ms`;
}

/** @param {number | null} value */
function ms(value) {
  return value === null ? "–" : `${value.toFixed(1)} ms`;
}

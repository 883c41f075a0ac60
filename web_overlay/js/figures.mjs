// @ts-check
// Measurements of the page, for receipts, the HUD and `framewire.status()`.

import { NAMES } from "./core/governor.mjs";
import { BUILD } from "./version.mjs";

const SLOWEST = ["slowest system", "2nd", "3rd", "4th", "5th"];

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
  const [p50, p95] = engine.record.recent().all.percentiles(0.5, 0.95);
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
  const stages = engine.record.recent().list();
  const systems = engine.costs.list(governor.nominal_ms);
  const over = systems.filter(({ state }) => state !== "");
  const [cost] = engine.cost.percentiles(0.95);
  /** @type {[string, string][]} */
  const lines = [
    ["state", status.state],
    ["position", `${status.position} of ${status.top}`],
    ["rendered", String(receipts.position)],
    ["ingest → rendered", both(p50, p95)],
    ...stages.map(({ from, to, p50_ms, p95_ms }) => /** @type {[string, string]} */ ([`${from} → ${to}`, both(p50_ms, p95_ms)])),
    ["script per frame p95", ms(cost)],
    ...SLOWEST.map((label, at) => /** @type {[string, string]} */ ([label, at < systems.length ? budget(systems[at]) : "–"])),
    ["over budget", over.map(({ name, state }) => (state === "critical" ? `${name}!` : name)).join(", ") || "none"],
    ["quality", `${governor.level}: ${NAMES[governor.level]}${governor.fixed === null ? "" : " (fixed)"}`],
    ["late frames", `${governor.counters.own} own, ${governor.counters.external} external`],
    ["queue", String(queue)],
    ["dropped", drops(engine.queue.counters)],
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
    ...Object.fromEntries(stages.flatMap(({ from, to, p50_ms, p95_ms }) => [[`${from}_${to}_p50_ms`, p50_ms], [`${from}_${to}_p95_ms`, p95_ms]])),
  };
  const about = { overlay: id, build: BUILD, browser: navigator.userAgent };
  return { fps, intervals: scheduler.intervals, lines, problems, systems, sample, about };
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

/** How many events were dropped, by rule. @param {import("./core/queue.mjs").Queue["counters"]} counters */
function drops({ expired, overflowed, shed }) {
  const rules = Object.entries({ expired, overflowed, shed }).filter(([, count]) => count > 0);
  return rules.map(([rule, count]) => `${count} ${rule}`).join(", ") || "0";
}

/** The median and the 95th percentile. @param {number | null} p50 @param {number | null} p95 */
function both(p50, p95) {
  return p50 === null || p95 === null ? "–" : `${p50.toFixed(1)}, p95 ${p95.toFixed(1)} ms`;
}

/** @param {number | null} value */
function ms(value) {
  return value === null ? "–" : `${value.toFixed(1)} ms`;
}

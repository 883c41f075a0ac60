// @ts-check
// Measurements of a page, one sample per second: kept for an export, and judged for a drop of the frame rate and for a
// spike of the memory. Pure.

/**
 * @typedef {object} Sample
 * @property {number} ts_ms since 1970
 * @property {number | null} fps
 * @property {number | null} latency_p50_ms
 * @property {number | null} latency_p95_ms
 * @property {number | null} script_p95_ms
 * @property {number} queue
 * @property {number} dropped
 * @property {number | null} memory_bytes
 */

/** @typedef {"fps" | "memory"} Warning */

const KEPT = 600; // 10 minutes
const FEW = 10; // samples before which nothing is judged
const USUAL = 60; // samples that the usual memory is the median of
const LOW = 0.9; // of the best frame rate among those kept
const LOW_FOR = 3; // samples; one late second is no drop
const SPIKE = 1.5; // times the usual memory, and at least SPIKE_BYTES more
const SPIKE_BYTES = 32 << 20;

export class Watch {
  constructor() {
    /** @type {Sample[]} oldest first */
    this.samples = [];
    this.low = 0;
    /** @type {Warning[]} what holds now */
    this.warnings = [];
    this.usual_bytes = 0;
  }

  /** The best frame rate among the samples; 0 of none. */
  get best_fps() {
    return Math.max(0, ...this.samples.map(({ fps }) => fps ?? 0));
  }

  /** @param {Sample} sample */
  see(sample) {
    const enough = this.samples.length >= FEW;
    const memory = this.samples.slice(-USUAL).map(({ memory_bytes }) => memory_bytes ?? 0);
    this.usual_bytes = memory.sort((a, b) => a - b)[memory.length >> 1] ?? 0;
    this.samples.push(sample);
    if (this.samples.length > KEPT) this.samples.shift();
    this.low = enough && sample.fps !== null && sample.fps < LOW * this.best_fps ? this.low + 1 : 0;
    const spike = enough && (sample.memory_bytes ?? 0) > Math.max(SPIKE * this.usual_bytes, this.usual_bytes + SPIKE_BYTES);
    this.warnings = [...(this.low >= LOW_FOR ? /** @type {const} */ (["fps"]) : []), ...(spike ? /** @type {const} */ (["memory"]) : [])];
  }

  /** @returns {string[]} the warnings in words */
  words() {
    const { fps, memory_bytes } = this.samples.at(-1) ?? { fps: 0, memory_bytes: 0 };
    const mb = (/** @type {number | null} */ bytes) => `${((bytes ?? 0) / 2 ** 20).toFixed(0)} MB`;
    return this.warnings.map((warning) =>
      warning === "fps"
        ? `frame rate dropped: ${(fps ?? 0).toFixed(0)} of ${this.best_fps.toFixed(0)} fps`
        : `memory of scripts: ${mb(memory_bytes)}, usual are ${mb(this.usual_bytes)}`,
    );
  }
}

/** Rows with the same keys as a table: RFC 4180. @param {Record<string, unknown>[]} rows @returns {string} */
export function csv(rows) {
  const names = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => names.map((name) => cell(row[name])).join(","));
  return [names.join(","), ...lines, ""].join("\r\n");
}

/** @param {unknown} value */
function cell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  // A spreadsheet runs what begins like a formula; numbers may begin with a minus.
  const safe = typeof value === "number" || !/^[=+\-@\t\r]/.test(text) ? text : `'${text}`;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

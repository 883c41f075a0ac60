// @ts-check
// The measurements of each overlay since the dashboard was opened, at most 5 minutes, for an export.

import { csv } from "../core/watch.mjs";
import { download } from "../download.mjs";
import { rows } from "./format.mjs";

const KEPT = 600; // samples of one overlay; the status is requested twice a second
const MOST = 64; // overlays
const FIELDS = ["condition", "lag", "behind_s", "fps", "latency_p50_ms", "latency_p95_ms", "queue", "dropped", "pending_bytes"];

/** @param {Record<string, any>} overlay */
const keyOf = ({ overlay_id, number }) => `${overlay_id} ${number ?? 0}`;

export class Measured {
  constructor() {
    /** Oldest sample first, by name and number of the connection. @type {Map<string, Record<string, unknown>[]>} */
    this.overlays = new Map();
  }

  /** @param {unknown} clients of the status @param {number} ts_ms */
  see(clients, ts_ms) {
    const present = rows(clients).slice(0, MOST);
    const keys = new Set(present.map(keyOf));
    for (const key of this.overlays.keys()) if (!keys.has(key)) this.overlays.delete(key);
    for (const overlay of present) {
      const samples = this.overlays.get(keyOf(overlay)) ?? [];
      samples.push({ ts_ms, ...Object.fromEntries(FIELDS.map((name) => [name, overlay[name] ?? null])) });
      this.overlays.set(keyOf(overlay), samples.slice(-KEPT));
    }
  }

  /** @param {Record<string, any>} overlay */
  save(overlay) {
    download(`${overlay.overlay_id}.csv`, "text/csv", csv(this.overlays.get(keyOf(overlay)) ?? []));
  }
}

// @ts-check
// The state of delivery of an event in a word, for the list of events. Pure.

import { rows } from "./format.mjs";
import { gets, unrendered } from "./history.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */
/** @typedef {Record<string, any>} Row */
/** @typedef {{word: string, tone: "" | "good" | "warn", rendered?: number}} Delivery `rendered`: by how many overlays */

const SOON_MS = 3_000; // a receipt takes up to a second, the status another half
const MOST_TOLD = 500; // histories that are remembered: as many as the list has rows

/**
 * @param {Event} event
 * @param {Row[]} overlays that are connected, of /api/status
 * @param {Row[]} lost whose connections have ended, of /api/status
 * @param {number} now_ms
 * @returns {Delivery}
 */
export function delivery(event, overlays, lost, now_ms) {
  if (event.position === 0) return { word: overlays.length === 0 ? "no overlay" : "sent", tone: overlays.length === 0 ? "warn" : "" };
  const asked = overlays.filter((overlay) => gets(overlay, event));
  if (asked.length === 0) return by(lost.filter((gone) => gets(gone, event) && gone.position >= event.position).length);
  const drawn = asked.filter((overlay) => overlay.position >= event.position).length;
  const fresh = now_ms - event.ts_ingest_ms < SOON_MS; // the last status may be older than the event
  if (fresh && drawn < asked.length) return { word: "on its way", tone: "" };
  return { word: `rendered ${drawn}/${asked.length}`, tone: drawn === asked.length ? "good" : "warn", rendered: drawn };
}

/** @param {number} rendered by how many overlays that are no longer connected @returns {Delivery} */
function by(rendered) {
  return rendered === 0 ? { word: "logged", tone: "" } : { word: `rendered ${rendered}/${rendered}`, tone: "good", rendered };
}

/** The shown delivery states. A rendered event stays rendered when the overlay disconnects. */
export class Deliveries {
  constructor() {
    /** @type {WeakMap<object, Delivery>} */
    this.kept = new WeakMap();
    /** What the histories of events say, by id. @type {Map<string, Delivery>} */
    this.told = new Map();
  }

  /** Learn from the history of an event, which knows the overlays of all times. @param {string} id @param {any} answer of /api/why @param {Row[]} connected */
  learn(id, answer, connected) {
    const history = answer?.history;
    if (history?.outcome !== "logged" || unrendered(history, connected).length > 0) return;
    const rendered = new Set(rows(history.rendered_by).map((row) => row.overlay_id)).size;
    if (rendered === 0 && answer.earlier === true) return; // the gateway that would know has ended
    this.told.delete(id);
    this.told.set(id, rendered === 0 ? { word: "no overlay", tone: "warn" } : by(rendered));
    if (this.told.size > MOST_TOLD) this.told.delete([...this.told.keys()][0]);
  }

  /** @param {Event} event @param {Row[]} overlays @param {Row[]} lost @param {number} now_ms */
  of(event, overlays, lost, now_ms) {
    const found = delivery(event, overlays, lost, now_ms);
    const state = found.word === "logged" ? (this.told.get(event.id) ?? found) : found;
    const kept = this.kept.get(event);
    if (kept?.rendered !== undefined && kept.rendered > (state.rendered ?? 0)) return kept;
    this.kept.set(event, state);
    return state;
  }
}

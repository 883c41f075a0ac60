// @ts-check
// The history of one event in words: /api/why → steps, oldest first. Pure.

import { decimal, rows, time, word } from "./format.mjs";

/** @typedef {{what: string, when: string, tone: "" | "warn" | "bad"}} Step */

/** @type {Record<string, (detail: string) => [string, "" | "warn" | "bad"]>} of what was not logged */
const OUTCOMES = {
  pending: () => ["Waiting in the queue", ""],
  sent: (detail) => [`Sent to all overlays in frame ${detail}. This type is not logged, so no overlay reports it`, ""],
  coalesced: (detail) => [`Merged into ${detail}, whose count includes it`, ""],
  duplicate: (detail) => [`Not shown: a duplicate of ${detail}`, "warn"],
  expired: () => ["Not shown: it expired before it was sent", "warn"],
  dropped: (detail) => [`Not shown: dropped by the rule ${detail}`, "warn"],
  rejected: () => ["Rejected", "bad"],
  "dead-lettered": () => ["Dead-lettered: the process that read it died of it three times", "bad"],
};

/** @param {unknown} from @param {unknown} to */
function after(from, to) {
  return typeof from === "number" && typeof to === "number" ? `+${decimal(to - from, 1, " ms")}` : "";
}

/**
 * @param {any} answer of /api/why
 * @param {Record<string, any>[]} connected the overlays of /api/status
 * @returns {Step[]}
 */
export function steps(answer, connected) {
  const history = answer?.history;
  const missing = Array.isArray(answer?.reasons) ? answer.reasons.map(String) : [];
  /** @type {Step[]} */
  const trouble = missing.map((/** @type {string} */ what) => ({ what: `Unknown: ${what}`, when: "", tone: "warn" }));
  if (history === null || typeof history !== "object") {
    return [{ what: "There is no data about it (any more)", when: "", tone: "warn" }, ...trouble];
  }
  return [...way(history), ...end(history, connected, answer.earlier === true), ...trouble];
}

/** @param {Record<string, any>} history @returns {Step[]} */
function way(history) {
  const begin = history.ts_ingest_ms;
  /** @type {Step[]} */
  const found = [];
  if (typeof history.ts_source_ms === "number") found.push({ what: "Happened (time of the source)", when: time(history.ts_source_ms), tone: "" });
  if (typeof begin === "number") found.push({ what: "Accepted", when: time(begin), tone: "" });
  if (typeof history.ts_normalized_ms === "number") found.push({ what: "Understood", when: after(begin, history.ts_normalized_ms), tone: "" });
  return found;
}

/** @param {Record<string, any>} history @param {Record<string, any>[]} connected @param {boolean} earlier than the gateway @returns {Step[]} */
function end(history, connected, earlier) {
  if (history.outcome !== "logged") {
    const known = Object.hasOwn(OUTCOMES, String(history.outcome)) ? OUTCOMES[history.outcome] : null;
    const [what, tone] = known ? known(word(history.detail)) : [word(history.outcome), /** @type {const} */ ("")];
    const why = typeof history.reason === "string" ? `: ${history.reason}` : "";
    return [{ what: what + why, when: "", tone }];
  }
  const begin = history.ts_ingest_ms;
  const drawn = rows(history.rendered_by);
  const waiting = unrendered(history, connected);
  /** @type {Step[]} */
  const found = [{ what: `Logged as number ${word(history.position)}`, when: after(begin, history.ts_queued_ms), tone: "" }];
  // A receipt covers everything up to its position, and is sent some times a second at most: "by" is an upper bound.
  for (const row of drawn) {
    const what = row.seen === false ? `Committed by ${word(row.overlay_id)}, but never visible: later events replaced it at once` : `Rendered by ${word(row.overlay_id)}`;
    found.push({ what, when: `by ${time(row.by_ts_ms)}`, tone: row.seen === false ? "warn" : "" });
  }
  for (const id of waiting) found.push({ what: `Not rendered yet by ${id}`, when: "", tone: "warn" });
  if (drawn.length === 0 && waiting.length === 0) {
    const none = earlier ? "Not known which overlays rendered it: the gateway has restarted since" : "Rendered by no overlay: none was connected";
    found.push({ what: none, when: "", tone: earlier ? "" : "warn" });
  }
  return found;
}

/**
 * Whether a later answer says more: receipts reach the log up to a second after the gateway.
 * @param {any} answer of /api/why
 * @param {Record<string, any>[]} connected the overlays of /api/status
 */
export function unfinished(answer, connected) {
  const history = answer?.history;
  return history?.outcome === "pending" || (history?.outcome === "logged" && unrendered(history, connected).length > 0);
}

/** The overlays that are sent this event and have not rendered it. @param {Record<string, any>} history @param {Record<string, any>[]} connected */
export function unrendered(history, connected) {
  const by = rows(history.rendered_by).map((row) => String(row.overlay_id));
  const expected = connected.filter((overlay) => gets(overlay, history)).map((overlay) => word(overlay.overlay_id));
  return expected.filter((id) => !by.includes(id));
}

/**
 * Whether an overlay is sent this event: its conversation began before it, and its filter lets it through.
 * @param {Record<string, any>} overlay of /api/status
 * @param {{position?: number, type?: string}} event
 */
export function gets(overlay, { position = 0, type = "" }) {
  return (overlay.start_position ?? 0) < position && (!Array.isArray(overlay.types) || overlay.types.includes(type));
}

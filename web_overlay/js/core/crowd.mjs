// @ts-check
// Hype trains, polls and predictions: content and duration.

export const RESULT_MS = 10_000; // how long a result stays
const SILENT_MS = 60_000; // without an end, this long after the announced one
export const MOST_CHOICES = 10;

/** @typedef {{title: string, votes: number, share: number, percent: number, won: boolean}} Row */

/** The payload that is shown now: the last one, until its end has been seen long enough. */
export class Lasting {
  constructor() {
    /** @type {any} */
    this.payload = null;
    this.until = Infinity;
  }

  /** @param {{payload: any, ts_ingest_ms: number}} event @param {import("./types.mjs").Moment} moment */
  tell({ payload, ts_ingest_ms }, { now, late }) {
    const over = payload.phase === "end";
    const gone = payload.phase === "canceled" || (over && late);
    this.payload = gone ? null : payload;
    const ends = payload.ts_ends_ms ?? 0;
    if (gone || (!over && (ends === 0 || payload.phase === "lock"))) this.until = Infinity;
    else this.until = now + (over ? RESULT_MS : Math.max(0, ends - ts_ingest_ms) + SILENT_MS);
  }

  /** @param {number} now @returns {boolean} whether it is no longer shown from now on */
  expire(now) {
    if (now < this.until) return false;
    this.payload = null;
    this.until = Infinity;
    return true;
  }
}

/**
 * Answers with the most votes first; the percentages are rounded so that they add up to 100.
 * @param {{title: string, votes?: number}[]} choices
 * @param {string} [winner]
 * @returns {Row[]}
 */
export function rowsOf(choices, winner = "") {
  const total = totalOf(choices);
  const rows = choices.slice(0, MOST_CHOICES).map(({ title, votes = 0 }) => {
    const share = total > 0 ? votes / total : 0;
    return { title, votes, share, percent: Math.floor(100 * share), won: winner !== "" && title === winner };
  });
  const rest = total > 0 ? 100 - rows.reduce((sum, row) => sum + row.percent, 0) : 0;
  const byRemainder = [...rows].sort((a, b) => 100 * b.share - b.percent - (100 * a.share - a.percent));
  for (const row of byRemainder.slice(0, rest)) row.percent += 1;
  return rows.sort((a, b) => Number(b.won) - Number(a.won) || b.votes - a.votes);
}

/** @param {{votes?: number}[]} choices */
export function totalOf(choices) {
  return choices.slice(0, MOST_CHOICES).reduce((sum, { votes = 0 }) => sum + votes, 0);
}

/** How much of its level a hype train has; all of it at its end. @param {any} train */
export function shareOf({ phase, progress = 0, goal = 0 }) {
  if (phase === "end" || goal <= 0) return phase === "end" ? 1 : 0;
  return Math.max(0, Math.min(1, progress / goal));
}

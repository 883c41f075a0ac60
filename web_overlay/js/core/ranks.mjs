// @ts-check
// Decides which announcement may be shown. FIRST: a paid alert, an ace, the end of a match. SECOND: all others.
//
//    shown elsewhere   a first-rank one comes   a second-rank one comes
//    ───────────────   ──────────────────────   ───────────────────────
//    nothing           begins                   begins
//    second rank       begins, dims the other   begins
//    first rank        waits                    waits

export const FIRST = 1;
export const SECOND = 2;

/** @typedef {1 | 2} Rank */

export class Ranks {
  /** @param {() => void} changed what waits may begin, or what is dimmed has changed: a frame is needed */
  constructor(changed = () => {}) {
    this.changed = changed;
    /** @type {Map<string, Rank>} by the name of the widget */
    this.shown = new Map();
    /** @type {Map<string, Set<string>>} why a widget cannot be seen: it shows without asking, and holds nothing up */
    this.unseen = new Map();
  }

  /** May this widget show an announcement of this rank now? Asking is taking. @param {string} name @param {Rank} rank @returns {boolean} */
  take(name, rank) {
    if (this.shown.get(name) === rank) return true;
    if (!this.unseen.has(name) && this.firstBeside(name)) return false;
    this.shown.set(name, rank);
    this.changed();
    return true;
  }

  /** The widget shows nothing more. @param {string} name */
  leave(name) {
    if (this.shown.delete(name)) this.changed();
  }

  /** Is it dimmed by a first-rank one beside it? @param {string} name */
  isDimmed(name) {
    return this.shown.get(name) === SECOND && this.firstBeside(name);
  }

  /** @param {string} name @returns {boolean} */
  isSeen(name) {
    return !this.unseen.has(name);
  }

  /** A hidden widget must not hold others up. @param {string} name @param {string} by what hides it: each for itself @param {boolean} seen */
  see(name, by, seen) {
    const reasons = this.unseen.get(name) ?? new Set();
    if (seen === !reasons.has(by)) return;
    if (seen) reasons.delete(by);
    else reasons.add(by);
    if (reasons.size > 0) this.unseen.set(name, reasons);
    else this.unseen.delete(name);
    this.changed();
  }

  /** @param {string} name */
  firstBeside(name) {
    return [...this.shown].some(([other, rank]) => other !== name && rank === FIRST && !this.unseen.has(other));
  }
}

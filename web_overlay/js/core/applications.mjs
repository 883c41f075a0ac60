// @ts-check
// Connected applications, from their state events: the state of each in one word, and the one that is shown. Pure.

/** @typedef {import("./types.mjs").Event} Event */
/** @typedef {import("./events.js").Application} Application */

/** Most important first; an unknown word comes after all of these. */
const ORDER = ["speaking", "listening", "wake_word", "ready", "starting"];
export const MOST = 64; // as many as can be connected; any sender of events chooses the names

export class Applications {
  constructor() {
    /** @type {Map<string, Application>} by name, the one that changed last at the end */
    this.known = new Map();
  }

  /** @param {Application} state */
  see(state) {
    this.known.delete(state.application);
    this.known.set(state.application, state);
    if (this.known.size > MOST) this.known.delete([...this.known.keys()][0]);
  }

  /** @returns {Application[]} by name */
  list() {
    return [...this.known.values()].sort((a, b) => (a.application < b.application ? -1 : 1));
  }

  /** @returns {Application | null} what a viewer sees: the most important state; of several, the one that changed last */
  shown() {
    /** @type {Application | null} */
    let found = null;
    for (const state of this.known.values()) {
      if (state.connected === false || state.visible === false || state.status === "gone") continue;
      if (found === null || rank(state) <= rank(found)) found = state;
    }
    return found;
  }
}

/** @param {Application} state */
function rank({ status }) {
  const at = ORDER.indexOf(status);
  return at < 0 ? ORDER.length : at;
}

// @ts-check
// The position of an overlay in the critical log, and the three rules of docs/wire.md for applying frames.
//
// Invariant: `position` advances only by a frame that follows without a gap, or by a welcome. So all critical events
// up to `position` have been delivered, each once and in order.

/** @typedef {import("./types.mjs").Event} Event */

export class Cursor {
  /**
   * @param {import("./types.mjs").Place | null} resume where to go on, null for the present
   * @param {() => boolean} room may more critical events be handed over?
   */
  constructor(resume, room) {
    this.room = room;
    this.known = resume !== null;
    this.epoch = resume?.epoch ?? "";
    this.position = resume?.position ?? 0;
    this.top = 0;
    /** Critical events were let go because there was no room. The log has them: ask again when there is. */
    this.held = false;
    this.counters = { gaps: 0, duplicates: 0, held: 0, missed: 0 };
  }

  /** @returns {import("./types.mjs").Place | null} what to put into a hello's `resume` */
  resume() {
    return this.known ? { epoch: this.epoch, position: this.position } : null;
  }

  /**
   * Set the start of the conversation from a welcome.
   * @param {import("./types.mjs").Welcome} welcome
   * @returns {boolean} whether that is another place than we stood at
   */
  adopt(welcome) {
    const jump = !this.known || welcome.epoch !== this.epoch || welcome.position !== this.position;
    this.known = true;
    this.held = false;
    this.epoch = welcome.epoch;
    this.position = welcome.position;
    this.top = welcome.top;
    if (welcome.missed !== null) this.counters.missed += Math.max(0, welcome.missed[1] - welcome.missed[0] + 1);
    return jump;
  }

  /**
   * @param {import("./types.mjs").Frame} frame
   * @returns {Event[] | null} the critical events to apply, or null: something is missing before this frame
   */
  take(frame) {
    if (frame.epoch !== this.epoch || frame.first > this.position + 1) {
      if (this.held && frame.epoch === this.epoch) return []; // a gap that we made ourselves
      this.counters.gaps += 1;
      return null;
    }
    this.top = Math.max(this.top, frame.top, frame.last);
    const critical = frame.events.filter((event) => event.position > 0);
    const fresh = critical.filter((event) => event.position > this.position);
    this.counters.duplicates += critical.length - fresh.length;
    if (frame.last <= this.position) return [];
    if (!this.room()) {
      this.held = true;
      this.counters.held += 1;
      return [];
    }
    this.position = frame.last; // also over filtered events
    return fresh;
  }

  /** @param {number} top the log reaches to here */
  raise(top) {
    this.top = Math.max(this.top, top);
  }

  /** Does the log have events that were not delivered? Events that were dropped here do not count. */
  behind() {
    return !this.held && this.top > this.position;
  }
}

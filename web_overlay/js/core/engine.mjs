// @ts-check
// One frame: events since the last frame are passed to the widgets, and committed to the page once.
//
//    session ──▶ critical (in order, never dropped) ─┐
//            ──▶ store    (last value per key)       ├─▶ widgets: updateAction … frame ─▶ view.flush ─▶ drawn up to N
//            ──▶ queue    (bounded, by priority)     ┘
//
// A critical event counts as rendered when its frame is committed, not when it arrives. A hidden page has no frames, so it
// renders no events; memory stays bounded, and the log has them. Late ones of a test or of the demo are not shown.

import { Pending } from "./pending.mjs";
import { isRehearsed } from "./community.mjs";
import { Costs } from "./costs.mjs";
import { LEVELS } from "./governor.mjs";
import { endsTests } from "./leftovers.mjs";
import { Queue, isOver } from "./queue.mjs";
import { Recent } from "./stats.mjs";
import { Store } from "./store.mjs";

/** @typedef {import("./types.mjs").Event} Event */
/** @typedef {import("./types.mjs").Arrival} Arrival */

const LATE_MS = 1_000; // an event that waited this long for a frame is late: the page was hidden
const MOVING_MS = 300; // the longest animation that an event begins; meanwhile frames are rendered and the rate can be measured

export class Engine {
  /**
   * @param {object} options
   * @param {import("./clock.mjs").Clock} options.clock
   * @param {import("./view.mjs").View} options.view
   * @param {(Pick<import("./types.mjs").Part, "types" | "widget"> & {name?: string})[]} options.parts
   * @param {import("./record.mjs").Record} options.record
   * @param {(epoch: string, position: number) => void} options.drawn after the commit
   */
  constructor({ clock, view, parts, record, drawn }) {
    this.clock = clock;
    this.view = view;
    this.parts = parts;
    this.record = record;
    this.drawn = drawn;
    /** @type {Map<string, typeof parts>} */
    this.wants = new Map();
    this.route();
    this.costs = new Costs(() => clock.now());
    this.critical = new Pending();
    this.queue = new Queue();
    this.store = new Store();
    this.cost = new Recent(120); // ms of our own script per frame
    this.moving_until = 0;
    this.level = LEVELS[0]; // of quality
    this.counters = { events: 0, critical: 0, unknown: 0, late: 0, faults: 0 };
  }

  /** Note which parts want which types. */
  route() {
    this.wants.clear();
    for (const part of this.parts) for (const type of part.types) this.wants.set(type, [...(this.wants.get(type) ?? []), part]);
  }

  /** Events that wait for a frame: all, and critical ones. */
  get waiting() {
    return this.pending + this.queue.size + this.store.dirty.size;
  }

  get pending() {
    return this.critical.size;
  }

  /** @param {Event[]} events @param {Arrival["origin"]} origin @param {number} tick_ms when the server made the frame, by its clock */
  receive(events, origin, tick_ms) {
    const arrival = { received: this.clock.now(), tick_ms, origin };
    if (origin === "welcome") this.store.endTests(arrival); // it has none, and they may have ended meanwhile
    for (const event of events) {
      this.store.see(event, arrival);
      if (endsTests(event)) this.queue.endTests();
      if (endsTests(event) || (event.position > 0 && origin !== "welcome")) this.critical.push({ event, arrival });
      else if (event.category === "state" || origin === "welcome") this.store.put(event, arrival);
      else this.queue.push(event, arrival);
    }
  }

  /** What was handed over reaches to here; once it is committed, that is what was drawn. @param {string} epoch @param {number} position */
  place(epoch, position) {
    this.critical.push({ event: null, epoch, position });
  }

  /** @param {number} now @returns {number} when the next frame is needed */
  frame(now) {
    const server = this.clock.server();
    const [states, entries] = this.costs.timed("merge", () => [this.store.take(), this.queue.take(server, this.level, now)]);
    for (const value of states) {
      // State first: the streak that a kill made comes in the kill's own frame.
      this.apply(value.event, now, value.arrival.origin !== "live");
      if (value.arrival.origin !== "welcome") this.record.add(value);
    }
    const place = this.applyCritical(now, server);
    for (const entry of entries) {
      this.apply(entry.event, now, now - entry.arrival.received > LATE_MS);
      this.record.add(entry);
    }
    let wake = this.pending > 0 || now < this.moving_until ? now : this.queue.due(this.level);
    for (const { name, widget } of this.parts) wake = Math.min(wake, this.guarded(name, () => widget.frame(now)) ?? Infinity);
    this.costs.timed("commit", () => this.view.flush());
    this.costs.framed();
    this.record.committed();
    if (place !== null) this.drawn(place.epoch, place.position);
    this.cost.push(this.clock.now() - now);
    return wake;
  }

  /** @param {number} now @param {number} server @returns {{epoch: string, position: number} | null} how far this frame reaches */
  applyCritical(now, server) {
    let place = null;
    for (const entry of this.critical.take()) {
      if (entry.event === null) place = entry;
      else {
        const { origin, received } = entry.arrival;
        const late = origin === "replay" || now - received > LATE_MS || isOver(entry.event, server);
        this.counters.critical += 1;
        if (!late || !isRehearsed(entry.event)) this.apply(entry.event, now, late);
        this.record.add(entry);
      }
    }
    return place;
  }

  /** @param {Event} event @param {number} now @param {boolean} late */
  apply(event, now, late) {
    this.counters.events += 1;
    if (late) this.counters.late += 1;
    else this.moving_until = now + MOVING_MS;
    if (endsTests(event)) for (const { name, widget } of this.parts) this.guarded(name, () => widget.endTests?.(now));
    const parts = this.wants.get(event.type);
    if (parts === undefined) this.counters.unknown += 1;
    else for (const { name, widget } of parts) this.guarded(name, () => widget.updateAction(event, { now, late }));
  }

  /** A failing widget must not affect the others: a page that is on air cannot be restarted.
   * @template T @param {string | undefined} name @param {() => T} run @returns {T | undefined}
   */
  guarded(name, run) {
    try {
      return this.costs.timed(name ?? "page", run);
    } catch (error) {
      this.counters.faults += 1;
      if (this.counters.faults <= 20) console.error("framewire: a widget failed", error);
      return undefined;
    }
  }
}

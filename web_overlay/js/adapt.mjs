// @ts-check
// Carries out the level of quality that core/governor.mjs decides.

import { CAPACITY } from "./core/queue.mjs";

const MEASURE = 60; // frames between two looks at the interval of the screen

export class Adapter {
  /**
   * @param {object} page
   * @param {import("./core/governor.mjs").Governor} page.governor
   * @param {import("./core/scheduler.mjs").Scheduler} page.scheduler
   * @param {import("./core/engine.mjs").Engine} page.engine
   * @param {import("./core/view.mjs").View} page.view
   * @param {import("./perf/hud.mjs").Hud} page.hud
   * @param {import("./core/types.mjs").Part[]} page.parts
   */
  constructor(page) {
    this.page = page;
    this.follow();
  }

  /** A frame was rendered. @param {number} now @param {number} queued events that waited for it */
  framed(now, queued) {
    const { governor, scheduler, engine } = this.page;
    const [usual] = scheduler.frames % MEASURE === 0 ? scheduler.intervals.percentiles(0.25) : [null];
    if (usual !== null) governor.nominal_ms = usual;
    if (!governor.framed(now, engine.cost.at(0), scheduler.interval, queued / CAPACITY)) return;
    this.follow();
    scheduler.request();
  }

  follow() {
    const { governor, engine, view, hud, parts } = this.page;
    const level = governor.current;
    engine.level = level;
    view.calm = level.calm;
    hud.every_ms = level.hud_ms;
    for (const { widget } of parts) widget.cap?.(level.share);
  }
}

// @ts-check
// Carries out the actions of the session on the page.

import { showName } from "./identify.mjs";
import { showNotice, stopped } from "./notice.mjs";
import { firstReload } from "./place.mjs";
import { renew } from "./renew.mjs";

/** @typedef {import("./core/types.mjs").Action} Action */

const LAST_STATE_MS = 5_000;

/** @param {string} id @returns {HTMLElement} */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Obeyer {
  /**
   * @param {object} page
   * @param {string} page.id
   * @param {string} page.token
   * @param {import("./core/engine.mjs").Engine} page.engine
   * @param {import("./core/scheduler.mjs").Scheduler} page.scheduler
   * @param {import("./core/clock.mjs").Clock} page.clock
   * @param {import("./core/receipts.mjs").Receipts} page.receipts
   * @param {import("./stage.mjs").Arrangement} page.arrangement
   * @param {import("./core/ranks.mjs").Ranks} page.ranks
   * @param {import("./perf/hud.mjs").Hud} page.hud
   * @param {() => void} page.rules reads the rules of alerts again
   * @param {string[]} page.problems
   */
  constructor(page) {
    this.page = page;
  }

  /** @param {Action} action */
  act(action) {
    const { engine, scheduler } = this.page;
    // A hidden page draws nothing, and a replay is not what arrives now.
    const paced = scheduler.paced || document.hidden;
    if (action.do === "events" && !paced && !action.replay) return this.drawEach(action.events, action.tick_ms);
    if (action.do === "events") engine.receive(action.events, action.replay ? "replay" : "live", action.tick_ms);
    else if (action.do === "state") engine.receive(action.events, "welcome", 0);
    else if (action.do === "place") engine.place(action.epoch, action.position);
    else if (action.do === "positions" && !this.locate(action.message)) return;
    else if (action.do !== "positions") {
      this.tell(action);
      return; // a pong changes nothing on the page
    }
    if (paced || action.do !== "place") scheduler.request();
    else scheduler.drawNow();
  }

  /** @param {import("./core/types.mjs").Event[]} events @param {number} tick_ms */
  drawEach(events, tick_ms) {
    for (const event of events) {
      this.page.engine.receive([event], "live", tick_ms);
      this.page.scheduler.drawNow();
    }
  }

  /** @param {import("./core/types.mjs").Positions} positions @returns {boolean} whether a widget draws them */
  locate(positions) {
    const { engine, arrangement } = this.page;
    return arrangement.parts.some(({ name, widget }) => engine.guarded(name, () => widget.locate?.(positions)) === true);
  }

  /** @param {Action} action */
  tell(action) {
    if (action.do === "clock") this.learn(action.message, action.at);
    else if (action.do === "missed") {
      this.page.problems.push(`events ${action.from} to ${action.to} are no longer in the log`);
    } else if (action.do === "reload" && firstReload()) location.reload();
    else if (action.do === "reload") this.stop(4504, "");
    else if (action.do === "stopped") this.stop(action.code, action.reason);
    else if (action.do === "told") this.hear(action.message);
  }

  /** @param {import("./core/types.mjs").Told} message */
  hear(message) {
    if (message.t === "refresh") location.reload();
    else if (message.t === "identify") showName(at("identify"), this.page.id, message.for_ms);
    else if (message.t === "hud") this.page.hud.show(message.on ?? !this.page.hud.on);
    else if (message.t === "alerts") this.page.rules();
    else if (message.t === "flags") this.page.scheduler.paced = message.scheduler;
    else if (message.t === "layout") this.page.arrangement.told(message);
  }

  /** @param {import("./core/types.mjs").Pong | import("./core/types.mjs").Welcome} message @param {number} at when it came */
  learn(message, at) {
    const { clock, receipts } = this.page;
    clock.hear(message, at);
    if (message.t === "pong") return;
    receipts.greeted(message.receipt_ms);
    this.page.scheduler.paced = message.scheduler;
    renew(message.build, () => this.page.ranks.shown.size > 0);
  }

  /** @param {number} code @param {string} reason */
  stop(code, reason) {
    const notice = stopped(code, this.page.token === "", reason);
    console.error(`framewire: ${notice.title} (${notice.code})`);
    this.page.problems.push(`${notice.title} (${notice.code})`);
    // In OBS the page is on air: viewers see the last state for a moment, then nothing, and never a message to the streamer.
    if ("obsstudio" in globalThis) setTimeout(() => at("stage").classList.add("off"), LAST_STATE_MS);
    else showNotice(at("notice"), notice);
  }
}

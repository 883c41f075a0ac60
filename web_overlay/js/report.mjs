// @ts-check
// Sends receipts to the gateway, and stores the position for the next load of this page. Has the timer for both.

import { Receipts } from "./core/receipts.mjs";
import { savePlace } from "./place.mjs";

/** @typedef {{fps: number | null, p50: number | null, p95: number | null, queue: number, dropped: number, warnings?: string[], quality?: number, slowest?: string}} Figures */

export class Reporter {
  /**
   * @param {object} options
   * @param {string} options.overlayId
   * @param {() => import("./core/connection.mjs").Status} options.status of the connection
   * @param {(epoch: string, message: Record<string, unknown>) => void} options.send
   * @param {() => Figures} options.figures
   * @param {() => number} options.now
   * @param {import("./presence.mjs").Presence} options.presence
   * @param {ReturnType<typeof import("./keep.mjs").keeper>} options.keeper of what the widgets keep
   */
  constructor({ overlayId, status, send, figures, now, presence, keeper }) {
    this.receipts = new Receipts();
    this.overlayId = overlayId;
    this.status = status;
    this.send = send;
    this.figures = figures;
    this.now = now;
    this.presence = presence;
    this.keeper = keeper;
    keeper.written = () => this.keep();
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.timer = null;
    this.kept = "";
  }

  /** After a frame was committed: send what is due, and come back for what is not yet. */
  framed() {
    this.receipts.framed();
    this.run();
  }

  /** The page was shown or hidden, or came on air or went off it. */
  turned() {
    this.receipts.turned();
    this.run();
  }

  run() {
    const now = this.now();
    const { state, epoch } = this.status();
    const live = state === "live";
    const receipt = live ? this.receipts.take(now, epoch, this.figures) : null;
    if (receipt !== null) {
      this.send(epoch, { ...receipt, ...this.presence.facts });
      this.keep();
    }
    const due = this.receipts.due();
    if (this.timer !== null || !live || due === Infinity) return;
    this.timer = setTimeout(
      () => {
        this.timer = null;
        this.run();
      },
      Math.max(1, due - now),
    );
  }

  /** The page is being closed. */
  close() {
    this.keeper.close();
    this.keep();
  }

  /** Store the rendered position, at which the page resumes after a reload: after what widgets keep of the events up to there, as these do not come again. */
  keep() {
    const { epoch, position } = this.receipts;
    if (this.keeper.waits || epoch === "" || this.kept === `${epoch} ${position}`) return;
    this.kept = `${epoch} ${position}`;
    savePlace(this.overlayId, { epoch, position });
  }
}

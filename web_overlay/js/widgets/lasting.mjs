// @ts-check
// A panel that shows one payload from its begin until 10 s after its end.

import { Lasting } from "../core/crowd.mjs";
import { reveal } from "./dom.mjs";

export class LastingPanel {
  /**
   * @param {import("./dom.mjs").Stage} stage
   * @param {HTMLElement} root
   * @param {HTMLElement} box the panel, with the class `gone`
   * @param {HTMLElement} words the part of it that opens
   * @param {(payload: any) => void} fill writes a payload into the panel
   */
  constructor(stage, root, box, words, fill) {
    this.stage = stage;
    this.box = box;
    this.fill = fill;
    this.lasting = new Lasting();
    this.fresh = false;
    this.shown = false;
    root.append(box);
    this.entrance = reveal(stage, box, words, "left").slice(-1);
  }

  /** @param {any} event @param {import("../core/types.mjs").Moment} moment */
  updateAction(event, moment) {
    this.lasting.tell(event, moment);
    this.fresh = true;
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    if (this.lasting.expire(now) || this.fresh) this.write();
    this.fresh = false;
    return this.lasting.until;
  }

  write() {
    const { payload } = this.lasting;
    this.stage.view.toggle(this.box, "gone", payload === null);
    if (payload !== null && !this.shown) this.stage.view.enter(...this.entrance);
    this.shown = payload !== null;
    if (payload !== null) this.fill(payload);
  }
}

// @ts-check
// A hype train: its level, and the wire as its bar; the level that was reached, for 10 s.

import { Lasting, shareOf } from "../core/crowd.mjs";
import { el, icon, reveal, text, wire } from "./dom.mjs";
import { ICONS } from "./icons.mjs";

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "hype_train",
  title: "Hype train",
  types: ["hype_train"],
  box: { x: 348, y: 240, width: 324, height: 96, anchor: "top-left" },
  upright: { x: 54, y: 560, width: 400, height: 96, anchor: "left" },
  make: (stage, root) => new HypeTrain(stage, root),
};

class HypeTrain {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.lasting = new Lasting();
    this.fresh = false;
    this.shown = false;
    this.label = text();
    this.level = text();
    this.percent = text();
    this.bar = wire("flat ht-bar");
    const figures = el("div", "ht-figures", el("span", "ht-level", this.level), el("span", "ht-percent", this.percent));
    const words = el("div", "ht-words", el("div", "ht-label label", this.label), figures);
    this.box = el("div", "slab ht gone", icon("ht-icon", ICONS.flame).svg, words, this.bar);
    root.append(this.box);
    this.entrance = reveal(stage, this.box, words, "left").slice(-1);
  }

  /** @param {any} event @param {import("../core/types.mjs").Moment} moment */
  apply(event, moment) {
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
    const { view, texts } = this.stage;
    const { payload } = this.lasting;
    view.toggle(this.box, "gone", payload === null);
    if (payload !== null && !this.shown) view.enter(...this.entrance);
    this.shown = payload !== null;
    if (payload === null) return;
    const over = payload.phase === "end";
    const share = shareOf(payload);
    view.text(this.label, texts.text("hype_train.label"));
    view.text(this.level, texts.text(over ? "hype_train.end" : "hype_train.level", { level: payload.level ?? 0 }));
    view.text(this.percent, over ? "" : `${Math.floor(100 * share)} %`);
    view.style(this.bar, "transform", `scaleX(${share.toFixed(4)})`);
  }
}

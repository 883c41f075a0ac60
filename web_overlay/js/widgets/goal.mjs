// @ts-check
// A goal: title, progress, and the wire as its bar. From `goal` events, or counted by the page (`?goal=`).

import { clean } from "../core/clean.mjs";
import { Count, KINDS } from "../core/community.mjs";
import { el, text } from "./dom.mjs";

const REACHED_MS = 15_000; // a goal that has ended stays so long
const LETTERS = 40;

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "goal",
  title: "Goal",
  types: ["goal", ...KINDS],
  box: { x: 96, y: 352, width: 460, height: 86, anchor: "bottom-left" },
  upright: { x: 54, y: 400, width: 400, height: 86, anchor: "top-left" },
  load: (stage, root) => new Goal(stage, root),
};

class Goal {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.title = text();
    this.figures = text();
    this.bar = el("div", "go-bar");
    const title = el("span", "go-title name", this.title);
    title.dir = "auto";
    const line = el("div", "go-line", title, el("span", "go-figures", this.figures));
    this.box = el("div", "go slab off", line, el("div", "go-track", this.bar));
    root.append(this.box);
    const { goal } = stage.options;
    this.target = goal?.target ?? 0;
    this.count = goal === null ? null : new Count(goal.kind, goal.start, stage.keep.load("goal"));
    /** @type {any} the goal that was told last */
    this.told = null;
    this.until = Infinity;
    this.fresh = this.count !== null;
  }

  /** @param {{type: string, payload: any, source: string, position: number}} event @param {import("../core/types.mjs").Moment} moment */
  updateAction(event, { now, late }) {
    if (event.type !== "goal") {
      if (this.count?.add(event, late)) {
        this.stage.keep.save("goal", this.count.keep());
        this.fresh = true;
      }
      return;
    }
    const ended = event.payload.phase === "end";
    if (event.payload.phase === "canceled" || (ended && late)) {
      if (this.told?.goal === event.payload.goal) this.told = null;
    } else this.told = event.payload;
    this.until = ended ? now + REACHED_MS : Infinity;
    this.fresh = true;
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    if (now >= this.until) {
      this.told = null;
      this.until = Infinity;
      this.fresh = true;
    }
    if (this.fresh) this.write();
    this.fresh = false;
    return this.until;
  }

  write() {
    const { view, texts } = this.stage;
    const shown = this.told ?? (this.count && { kind: this.count.kind, current: this.count.current, target: this.target });
    view.toggle(this.box, "off", shown === null);
    if (shown === null) return;
    const { current, target, kind = "", title = "" } = shown;
    const share = target > 0 ? Math.max(0, Math.min(1, current / target)) : 1;
    view.text(this.title, clean(title, LETTERS) || texts.text(`goal.${kind}`) || texts.text("goal.other"));
    view.text(this.figures, `${texts.number(current)} / ${texts.number(target)}`);
    view.style(this.bar, "transform", `scaleX(${share.toFixed(4)})`);
    view.toggle(this.box, "reached", share === 1);
  }
}

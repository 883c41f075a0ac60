// @ts-check
// A question and its answers, the most votes first, each with its share as a wire. Polls and predictions use it.

import { clean } from "../core/clean.mjs";
import { Lasting, MOST_CHOICES, rowsOf, totalOf } from "../core/crowd.mjs";
import { el, reveal, text, wire } from "./dom.mjs";

const LETTERS = 60;

export class Votes {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root @param {"poll" | "prediction"} name */
  constructor(stage, root, name) {
    this.stage = stage;
    this.name = name;
    this.lasting = new Lasting();
    this.fresh = false;
    this.shown = false;
    this.label = text();
    this.title = text();
    this.total = text();
    this.rows = Array.from({ length: MOST_CHOICES }, () => {
      const [title, figures, line] = [text(), text(), wire("flat vo-bar")];
      const node = el("div", "vo-row off", stranger("vo-choice", title), el("span", "vo-figures", figures), line);
      return { title, figures, line, node };
    });
    const asked = el("div", "vo-asked", el("span", "vo-label label", this.label), stranger("vo-title", this.title));
    const head = el("div", "vo-head", asked, el("span", "vo-total", this.total));
    this.box = el("div", "slab vo gone", head, el("div", "vo-rows", ...this.rows.map(({ node }) => node)));
    root.append(this.box);
    this.entrance = reveal(stage, this.box, head, "left").slice(-1);
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
    const choices = payload.choices ?? payload.outcomes ?? [];
    const rows = rowsOf(choices, payload.winner ?? "");
    view.text(this.label, texts.text(`${this.name}.${payload.phase}`) || texts.text(`${this.name}.label`));
    view.text(this.title, clean(payload.title, LETTERS));
    view.text(this.total, texts.text(`${this.name}.total`, { amount: totalOf(choices) }));
    this.rows.forEach(({ title, figures, line, node }, at) => {
      const row = rows[at];
      view.toggle(node, "off", row === undefined);
      if (row === undefined) return;
      view.text(title, clean(row.title, LETTERS));
      view.text(figures, `${row.percent} %`);
      view.toggle(node, "won", row.won);
      view.style(line, "transform", `scaleX(${row.share.toFixed(4)})`);
    });
  }
}

/** A text of a stranger, in the direction of its script. @param {string} className @param {Text} words */
function stranger(className, words) {
  const node = el("span", `name ${className}`, words);
  node.dir = "auto";
  return node;
}

// @ts-check
// A question and its answers, most votes first, each with its share as a wire. Polls and predictions use it.

import { clean } from "../core/clean.mjs";
import { MOST_CHOICES, rowsOf, totalOf } from "../core/crowd.mjs";
import { el, text, wire } from "./dom.mjs";
import { LastingPanel } from "./lasting.mjs";

const LETTERS = 60;

/** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root @param {"poll" | "prediction"} name */
export function votes(stage, root, name) {
  const { view, texts } = stage;
  const [label, asked, total] = [text(), text(), text()];
  const lines = Array.from({ length: MOST_CHOICES }, () => {
    const [title, figures, line] = [text(), text(), wire("flat vo-bar")];
    const node = el("div", "vo-row off", stranger("vo-choice", title), el("span", "vo-figures", figures), line);
    return { title, figures, line, node };
  });
  const question = el("div", "vo-asked", el("span", "vo-label label", label), stranger("vo-title", asked));
  const head = el("div", "vo-head", question, el("span", "vo-total", total));
  const box = el("div", "slab vo gone", head, el("div", "vo-rows", ...lines.map(({ node }) => node)));
  return new LastingPanel(stage, root, box, head, (payload) => {
    const choices = payload.choices ?? payload.outcomes ?? [];
    const rows = rowsOf(choices, payload.winner ?? "");
    view.text(label, texts.text(`${name}.${payload.phase}`) || texts.text(`${name}.label`));
    view.text(asked, clean(payload.title, LETTERS));
    view.text(total, texts.text(`${name}.total`, { amount: totalOf(choices) }));
    lines.forEach(({ title, figures, line, node }, at) => {
      const row = rows[at];
      view.toggle(node, "off", row === undefined);
      if (row === undefined) return;
      view.text(title, clean(row.title, LETTERS));
      view.text(figures, `${row.percent} %`);
      view.toggle(node, "won", row.won);
      view.style(line, "transform", `scaleX(${row.share.toFixed(4)})`);
    });
  });
}

/** A text from outside, in the direction of its script. @param {string} className @param {Text} words */
function stranger(className, words) {
  const node = el("span", `name ${className}`, words);
  node.dir = "auto";
  return node;
}

// @ts-check
// A hype train: its level, and the wire as its bar; at the end the reached level for 10 s.

import { shareOf } from "../core/crowd.mjs";
import { el, icon, text, wire } from "./dom.mjs";
import { ICONS } from "./icons.mjs";
import { LastingPanel } from "./lasting.mjs";

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "hype_train",
  title: "Hype train",
  types: ["hype_train"],
  box: { x: 348, y: 255, width: 324, height: 96, anchor: "top-left" },
  upright: { x: 54, y: 560, width: 400, height: 96, anchor: "left" },
  load: hypeTrain,
};

/** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
function hypeTrain(stage, root) {
  const { view, texts } = stage;
  const [label, level, percent, bar] = [text(), text(), text(), wire("flat ht-bar")];
  const figures = el("div", "ht-figures", el("span", "ht-level", level), el("span", "ht-percent", percent));
  const words = el("div", "ht-words", el("div", "ht-label label", label), figures);
  const box = el("div", "slab ht gone", icon("ht-icon", ICONS.flame).svg, words, bar);
  return new LastingPanel(stage, root, box, words, (payload) => {
    const over = payload.phase === "end";
    const share = shareOf(payload);
    view.text(label, texts.text("hype_train.label"));
    view.text(level, texts.text(over ? "hype_train.end" : "hype_train.level", { level: payload.level ?? 0 }));
    view.text(percent, over ? "" : `${Math.floor(100 * share)} %`);
    view.style(bar, "transform", `scaleX(${share.toFixed(4)})`);
  });
}

// @ts-check
// Hits in the middle of the picture: one mark that stays lit while hits come, with their number. Never one flash per
// hit: merging them is what keeps it under three flashes a second (WCAG 2.3.1).

import { el, text, waiting } from "./dom.mjs";
import { isMine } from "./player.mjs";

/** @typedef {import("../core/events.js").EventOf<"hit">} Event */

const TOGETHER_MS = 700; // hits closer than this are one burst
const MOST = 99; // beyond it nobody reads the number
const FADE_MS = 400;
const LEVELS = [1, 3, 6, 12]; // hits from which the mark grows

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "hitmarkers",
  title: "Hitmarkers",
  types: ["hit"],
  box: { x: 820, y: 460, width: 280, height: 160, anchor: "center" },
  upright: { x: 400, y: 880, width: 280, height: 160, anchor: "center" },
  make: (stage, root) => new Hitmarkers(stage, root),
};

class Hitmarkers {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.view = stage.view;
    this.mine = stage.options.player;
    this.hits = 0;
    this.head = false;
    this.last_at = -Infinity;
    this.fresh = false;
    this.number = text();
    this.mark = el("div", "hm-mark", el("i", ""), el("i", ""), el("i", ""), el("i", ""));
    this.count = el("div", "hm-count", this.number);
    this.box = el("div", "hm-box", this.mark, this.count);
    root.append(this.box);
    // Lit at once: a hit must be seen on the frame it lands on. Then it holds, then it fades.
    this.light = waiting(this.box, [{ opacity: 1 }, { opacity: 1, offset: 0.5 }, { opacity: 0 }], {
      duration: 2 * FADE_MS,
    });
    const shift = stage.still ? "none" : "scale(1.18)";
    this.kick = waiting(this.mark, [{ transform: shift }, { transform: "none" }], {
      duration: 120,
      easing: "ease-out",
    });
  }

  /** @param {Event} event @param {import("../core/types.mjs").Moment} moment */
  apply(event, { now, late }) {
    const { attacker, hitgroup } = event.payload;
    if (late || (this.mine !== "" && !isMine(this.mine, attacker))) return;
    if (now - this.last_at > TOGETHER_MS) {
      this.hits = 0;
      this.head = false;
    }
    this.hits += event.count;
    this.head = this.head || /head/i.test(hitgroup ?? "");
    this.last_at = now;
    this.fresh = true;
  }

  /** @returns {number} */
  frame() {
    if (!this.fresh) return Infinity;
    this.fresh = false;
    const { view } = this;
    const level = LEVELS.filter((from) => this.hits >= from).length;
    view.attribute(this.box, "data-level", String(level));
    view.toggle(this.box, "head", this.head);
    view.text(this.number, label(this.hits));
    view.play(this.light);
    view.play(this.kick);
    return Infinity;
  }
}

/** @param {number} hits */
function label(hits) {
  if (hits > MOST) return `×${MOST}+`;
  return hits > 1 ? `×${hits}` : "";
}

// @ts-check
// Hits in the middle of the picture: one mark that stays while hits arrive; more hits make it larger and bolder, a
// headshot gives it another shape. Never one flash per hit: merging them keeps it under three flashes a second (WCAG 2.3.1).

import { el, icon, text, waiting } from "./dom.mjs";
import { isMine } from "./player.mjs";

/** @typedef {import("../core/events.js").EventOf<"hit">} Event */

const TOGETHER_MS = 700; // hits closer than this are one burst
const MOST = 99; // larger numbers are not legible
const HOLD_MS = 400; // after the last hit; then it fades
const KICK_MS = 400; // from one kick of the mark to the next, so that it does not shake
const COUNTED = 3; // from this number of hits on the number is shown
const BODY = "M-16-16L-34-34M16-16L34-34M16 16L34 34M-16 16L-34 34";
const HEAD = "M-21-21L-36-36M21-21L36-36M21 21L36 36M-21 21L-36 36M0-21L21 0L0 21L-21 0Z";
const LEVELS = [1, 3, 6, 12]; // hits from which the mark grows

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "hitmarkers",
  title: "Hitmarkers",
  types: ["hit"],
  box: { x: 780, y: 460, width: 360, height: 160, anchor: "center" },
  upright: { x: 360, y: 880, width: 360, height: 160, anchor: "center" },
  load: (stage, root) => new Hitmarkers(stage, root),
};

class Hitmarkers {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.view = stage.view;
    this.texts = stage.texts;
    this.mine = stage.options.player;
    this.hits = 0;
    this.head = false;
    this.last_at = -Infinity;
    this.kicked_at = -Infinity;
    this.fresh = false;
    this.number = text();
    const [under, over] = [icon("hm-under"), icon("hm-over")];
    for (const { svg } of [under, over]) svg.setAttribute("viewBox", "-50 -50 100 100");
    this.paths = [under.path, over.path];
    this.mark = el("div", "hm-mark", under.svg, over.svg);
    this.count = el("div", "hm-count outlined", this.number);
    this.box = el("div", "hm-box", this.mark, this.count);
    root.append(this.box);
    const shift = stage.still ? "none" : "scale(1.18)";
    this.kick = waiting(this.mark, [{ transform: shift }, { transform: "none" }], {
      duration: 120,
      easing: "ease-out",
    });
  }

  /** @param {Event} event @param {import("../core/types.mjs").Moment} moment */
  updateAction(event, { now, late }) {
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

  /** @param {number} now @returns {number} */
  frame(now) {
    const dark_at = this.last_at + HOLD_MS;
    // Lit at once: a hit must be seen on the frame it lands on. An animation would be calculated in every frame.
    this.view.toggle(this.box, "lit", now < dark_at);
    if (this.fresh) this.write(now);
    return now < dark_at ? dark_at : Infinity;
  }

  /** @param {number} now */
  write(now) {
    this.fresh = false;
    const { view } = this;
    const level = LEVELS.filter((from) => this.hits >= from).length;
    view.attribute(this.box, "data-level", String(level));
    view.toggle(this.box, "head", this.head);
    for (const path of this.paths) view.attribute(path, "d", this.head ? HEAD : BODY);
    view.text(this.number, label(this.hits, this.texts));
    if (now - this.kicked_at < KICK_MS) return;
    this.kicked_at = now;
    view.play(this.kick);
  }
}

/** @param {number} hits @param {import("../core/text.mjs").Texts} texts */
function label(hits, texts) {
  return hits < COUNTED ? "" : texts.text("hits", { count: hits > MOST ? `${MOST}+` : hits });
}

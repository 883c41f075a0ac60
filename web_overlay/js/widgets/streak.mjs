// @ts-check
// "DOUBLE KILL … ACE", and below it the streak of whoever is on one, each in place: a higher number replaces the lower.

import { el, entrance, icon, text, waiting } from "./dom.mjs";
import { ICONS } from "./icons.mjs";
import { isMine } from "./player.mjs";

/** @typedef {import("../core/events.js").EventOf<"multikill" | "streak">} Event */
/** @typedef {import("../core/types.mjs").Moment} Moment */

const WORDS = ["", "", "DOUBLE KILL", "TRIPLE KILL", "QUAD KILL", "ACE"];
const SHOWN_MS = 3_000;
const LATE_SHOWN_MS = 1_500;
const STREAK = 3;
const STREAK_MS = 8_000; // without another kill it is yesterday's news

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "streak",
  title: "Streak",
  types: ["multikill", "streak"],
  box: { x: 610, y: 690, width: 680, height: 220, anchor: "top" },
  upright: { x: 54, y: 1060, width: 972, height: 220, anchor: "top" },
  samples: ["streak", "multikill"],
  make: (stage, root) => new Streak(stage, root),
};

class Streak {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.view = stage.view;
    this.mine = stage.options.player;
    this.multi = { id: "", who: "", kills: 0, until: 0, fresh: false, late: false };
    this.run = { id: "", who: "", kills: 0, until: 0, fresh: false, late: false };

    this.word = text();
    this.who = text();
    this.multiBox = el("div", "mk gone", el("div", "mk-word", this.word), el("div", "mk-who", this.who));
    this.enterMulti = entrance(stage, this.multiBox, "scale(.86)", 180);
    // What is shown already only swells: fading it in again with every kill would be a flicker.
    this.multiShown = false;
    const swollen = stage.still ? "none" : "scale(1.08)";
    this.kickMulti = waiting(this.multiBox, [{ transform: swollen }, { transform: "none" }], { duration: 150 });

    this.number = text();
    this.runner = text();
    this.runBox = el(
      "div",
      "sk gone",
      icon("sk-icon", ICONS.flame).svg,
      el("span", "sk-number", this.number),
      el("span", "sk-who", this.runner),
    );
    this.enterRun = entrance(stage, this.runBox, "translateY(.2rem)");
    root.append(this.multiBox, this.runBox);
  }

  /** @param {Event} event @param {Moment} moment */
  apply({ type, payload }, { now, late }) {
    const { player, kills } = payload;
    if (type === "multikill") {
      if (kills < 2 || (late && now < this.multi.until && !this.multi.late)) return;
      this.multi = {
        id: player.id,
        who: player.name,
        kills,
        until: now + (late ? LATE_SHOWN_MS : SHOWN_MS),
        fresh: true,
        late,
      };
      return;
    }
    if (this.mine !== "" && !isMine(this.mine, player)) return;
    if (kills < STREAK) {
      if (player.id === this.run.id) this.run.until = 0; // they died
    } else if (!late && (player.id === this.run.id || now >= this.run.until || kills >= this.run.kills)) {
      const fresh = player.id !== this.run.id || now >= this.run.until;
      this.run = { id: player.id, who: player.name, kills, until: now + STREAK_MS, fresh, late };
    }
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    const { view, multi, run } = this;
    const multiOn = now < multi.until;
    const runOn = now < run.until;
    if (multiOn) {
      view.text(this.word, WORDS[multi.kills] ?? `${multi.kills} KILLS`);
      view.text(this.who, multi.who);
      view.attribute(this.multiBox, "data-kills", String(Math.min(5, multi.kills)));
      if (multi.fresh && !multi.late) view.play(this.multiShown ? this.kickMulti : this.enterMulti);
    }
    if (runOn) {
      view.text(this.number, `×${run.kills}`);
      view.text(this.runner, run.who);
      if (run.fresh) view.play(this.enterRun);
    }
    multi.fresh = run.fresh = false;
    this.multiShown = multiOn;
    view.toggle(this.multiBox, "gone", !multiOn);
    view.toggle(this.runBox, "gone", !runOn);
    return Math.min(multiOn ? multi.until : Infinity, runOn ? run.until : Infinity);
  }
}

// @ts-check
// Multikill and streak: one element that grows, of one player at a time. A segment of the wire per kill; the last one
// fades during the time for another kill.

import { isTest } from "../core/leftovers.mjs";
import { ruleFor } from "../core/occasions.mjs";
import { FIRST, SECOND } from "../core/ranks.mjs";
import { el, icon, reveal, text, waiting } from "./dom.mjs";
import { ICONS } from "./icons.mjs";
import { isMine, side } from "./player.mjs";

/** @typedef {import("../core/events.js").EventOf<"multikill" | "streak">} Event */
/** @typedef {import("../core/types.mjs").Moment} Moment */
/** @typedef {{id: string, side: import("./player.mjs").Side, kills: number, until: number, late: boolean, test: boolean, waits?: boolean}} Run */

const WINDOW_MS = 5_000; // `multikill_window_ms` of configs/default.toml: another kill in this time makes it grow
const LATE_SHOWN_MS = 1_500;
const STREAK = 3;
const STREAK_MS = 8_000; // without another kill it is outdated
const ACE = 5;
const WAIT_MS = 12_000; // an ace that has to wait so long is outdated
const SEGMENTS = 10; // beyond it the wire is full

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "streak",
  title: "Streak",
  types: ["multikill", "streak"],
  box: { x: 640, y: 628, width: 640, height: 172, anchor: "bottom" },
  upright: { x: 54, y: 1050, width: 972, height: 150, anchor: "top" },
  samples: ["streak", "multikill"],
  load: (stage, root) => new Streak(stage, root),
};

/** @type {Run} */
const NO_STREAK = { id: "", side: side({ id: "", name: "" }), kills: 0, until: -Infinity, late: true, test: false };

/**
 * The name of a number of kills: from a rule of the user (overlays/alerts.toml), otherwise from the language.
 * @param {"multikill" | "streak"} type
 * @param {number} kills
 * @param {Pick<import("./dom.mjs").Stage, "texts" | "rules">} stage
 */
export function nameOf(type, kills, { texts, rules }) {
  const rule = ruleFor(rules, type, kills);
  if (rule !== null && rule.text !== "") return texts.fill(rule.text, { kills });
  return texts.text(`${type}.${kills}`) || texts.text(`${type}.more`, { kills }) || `×${kills}`;
}

class Streak {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.view = stage.view;
    this.mine = stage.options.player;
    this.multi = NO_STREAK;
    this.run = NO_STREAK;
    this.shown = "";
    this.fresh = false;

    this.word = text();
    this.who = text();
    this.number = text();
    this.segments = Array.from({ length: SEGMENTS - 1 }, () => el("i", "off"));
    this.last = el("i", "st-last");
    const line = el("div", "st-wire", ...this.segments, this.last);
    const name = el("span", "name st-name", this.who);
    name.dir = "auto";
    const counted = el("span", "st-streak", icon("st-icon", ICONS.flame).svg, el("span", "", this.number));
    this.streakBox = counted;
    this.box = el("div", "slab st gone", el("div", "st-word label", this.word), el("div", "st-who", name, counted), line);
    root.append(this.box);
    this.entrance = reveal(stage, this.box, line, "middle");
    // What is shown already only swells: opening it again with every kill would be a flicker.
    const swollen = stage.still ? "none" : "scale(1.06)";
    this.kick = waiting(this.box, [{ transform: swollen }, { transform: "none" }], { duration: 150, easing: "ease-out" });
    this.fade = waiting(this.last, [{ opacity: 1 }, { opacity: 0.1 }], { duration: 1_000, fill: "forwards" });
  }

  /** @param {Event} event @param {Moment} moment */
  updateAction(event, { now, late }) {
    const { player, kills } = event.payload;
    if (this.mine !== "" && !isMine(this.mine, player)) return; // what others do is in the killfeed
    const next = { id: player.id, side: side(player), kills, late, test: isTest(event) };
    if (event.type === "multikill") {
      if (kills < 2 || (late && now < this.multi.until && !this.multi.late)) return;
      this.multi = { ...next, until: now + (late ? LATE_SHOWN_MS : WINDOW_MS) };
      this.fresh = !late;
    } else if (kills < STREAK) {
      if (player.id === this.run.id) this.run = NO_STREAK; // the player died
    } else if (!late && (player.id === this.run.id || now >= this.run.until || kills >= this.run.kills)) {
      this.run = { ...next, until: now + STREAK_MS };
      this.fresh = true;
    }
  }

  endTests() {
    if (this.multi.test) this.multi = NO_STREAK;
    if (this.run.test) this.run = NO_STREAK;
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    const multi = now < this.multi.until ? this.multi : null;
    const run = now < this.run.until ? this.run : null;
    const wanted = multi ?? run;
    const first = wanted !== null && this.may(wanted, multi !== null, now) ? wanted : null;
    if (first !== null) this.write(now, first, multi !== null, run?.id === first.id ? run.kills : 0);
    this.view.toggle(this.box, "gone", first === null);
    if (first === null) {
      this.shown = "";
      this.stage.ranks.leave(widget.name);
    }
    this.fresh = false;
    return Math.min(multi?.until ?? Infinity, run?.until ?? Infinity);
  }

  /** May it be seen now? An ace waits for a paid alert; anything else is over by then. @param {Run} run @param {boolean} isMulti @param {number} now */
  may(run, isMulti, now) {
    const rank = isMulti && run.kills >= ACE ? FIRST : SECOND;
    const may = this.stage.ranks.take(widget.name, rank);
    if (may && run.waits) this.fresh = true;
    if (rank === FIRST && may === (run.waits ?? false)) run.until = now + (may ? WINDOW_MS : WAIT_MS);
    run.waits = !may;
    return may;
  }

  /** @param {number} now @param {Run} first @param {boolean} isMulti @param {number} streak 0 when there is none to tell */
  write(now, first, isMulti, streak) {
    const { view } = this;
    view.text(this.word, nameOf(isMulti ? "multikill" : "streak", first.kills, this.stage));
    view.text(this.who, first.side.name);
    view.style(this.box, "--team", first.side.color);
    view.text(this.number, this.stage.texts.text("streak.count", { kills: streak }));
    view.toggle(this.streakBox, "off", !isMulti || streak <= first.kills);
    view.attribute(this.box, "data-kills", isMulti ? String(Math.min(5, first.kills)) : "streak");
    this.segments.forEach((segment, at) => view.toggle(segment, "off", at >= first.kills - 1));
    const key = `${first.id} ${isMulti}`;
    if (this.fresh) view.enter(...(this.shown === key ? [this.kick] : this.entrance));
    if (this.fresh || this.shown !== key) view.pace(this.fade, 0, first.until - now);
    this.shown = key;
  }
}

// @ts-check
// The score of a match: two opposing sides, or up to four in a row, with logos, sides, maps won and the time that is left.
// The wire below the points shows the rest of the time. A bomb turns it red and lets it pulse until it is defused or the
// round is over.

import { clean } from "../core/clean.mjs";
import { colorWords, isSecond, teamColor } from "../core/color.mjs";
import { isTest } from "../core/leftovers.mjs";
import { MOST_TEAMS, Match } from "../core/match.mjs";
import { readTimer } from "../core/timer.mjs";
import { el, icon, reveal, text, wire } from "./dom.mjs";
import { Fit } from "./fit.mjs";
import { ICONS } from "./icons.mjs";
import { LETTERS } from "./player.mjs";
import { SideCell } from "./scoreside.mjs";

/** @typedef {import("../core/events.js").EventOf<"score" | "objective" | "round">} Event */

const BOMB = new Map([["planted", true], ["defused", false], ["exploded", false]]); // by the action of an objective

const SHORT = new Map([["TERRORIST", "T"]]); // a team without a name
const PLAYING = ["", "live", "freeze", "bomb"]; // phases of a timer that need no word

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "score",
  title: "Score",
  types: ["score", "objective", "round"],
  box: { x: 480, y: 102, width: 960, height: 108, anchor: "top" },
  upright: { x: 54, y: 96, width: 972, height: 108, anchor: "top" },
  load: (stage, root) => new Score(stage, root),
};

class Score {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.match = new Match();
    this.standing = this.match.standing();
    this.bomb = this.planted = false; // `planted`: without tests
    this.entered = false;
    this.changed = false;
    this.until = Infinity; // when the timer shows another second
    const failed = () => {
      this.changed = true;
      stage.wake();
    };
    this.cells = Array.from({ length: MOST_TEAMS }, () => new SideCell(stage, failed));
    this.time = text();
    this.phase = text();
    this.words = text();
    this.clock = el("span", "sc-clock", this.time);
    const bomb = icon("sc-bomb", ICONS.bomb).svg;
    const middle = el("div", "sc-time", bomb, this.clock);
    this.rest = el("i", "sc-rest");
    const line = wire("flat middle sc-wire");
    line.append(this.rest);
    this.bar = el("div", "slab sc", ...this.cells.map((cell) => cell.node), middle, line);
    const words = el("span", "sc-map name", this.words);
    words.dir = "auto";
    this.tab = el("div", "slab sc-tab off", el("span", "sc-phase", this.phase), words);
    this.box = el("div", "sc-all gone", this.bar, this.tab);
    root.append(this.box);
    this.fit = new Fit(stage, this.bar, this.cells.map((cell) => cell.words)); // one size for all sides
    this.entrance = reveal(stage, this.box, line, "middle");
  }

  /** @param {Event} event */
  updateAction(event) {
    if (event.type === "score") {
      this.match.add(event);
      this.standing = this.match.standing();
    } else {
      this.bomb = event.type === "round" ? false : (BOMB.get(event.payload.action) ?? this.bomb);
      if (!isTest(event)) this.planted = this.bomb;
    }
    this.changed = true;
  }

  endTests() {
    this.bomb = this.planted;
    this.changed = true;
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    if (this.changed || now >= this.until) {
      if (this.changed) this.write();
      this.changed = false;
      this.until = now + this.tick();
    }
    return this.fit.frame() ? now : this.until;
  }

  resize() {
    this.fit.again();
  }

  write() {
    const { view } = this.stage;
    const { teams, of } = this.standing;
    const words = colorWords(teams);
    this.cells.forEach((cell, at) => {
      const side = teams[at];
      view.toggle(cell.node, "off", side === undefined);
      if (side === undefined) return;
      const name = clean(side.name || SHORT.get(side.team) || side.team, LETTERS);
      cell.write({ ...side, name, color: teamColor(words[at]), second: isSecond(words[at]), of });
    });
    view.attribute(this.bar, "data-sides", String(teams.length));
    view.toggle(this.box, "gone", teams.length === 0);
    if (teams.length > 0 && !this.entered) view.enter(...this.entrance);
    this.entered = teams.length > 0;
  }

  /** Write what depends on the time. @returns {number} ms until it is another one */
  tick() {
    const { view } = this.stage;
    const { teams, timer, of } = this.standing;
    const reading = teams.length > 0 ? readTimer(timer, this.stage.server()) : null;
    const bomb = this.bomb || (reading !== null && timer?.phase === "bomb");
    view.text(this.time, reading?.text ?? "");
    view.toggle(this.clock, "off", reading === null);
    view.toggle(this.clock, "paused", reading?.paused === true);
    view.toggle(this.bar, "low", reading?.low === true);
    view.toggle(this.bar, "bomb", bomb);
    view.toggle(this.bar, "timed", bomb || reading !== null);
    view.toggle(this.bar, "counted", bomb || (reading?.share ?? 0) > 0);
    // A bomb without a countdown: the whole line.
    view.style(this.rest, "transform", `scaleX(${(reading?.share || Number(bomb)).toFixed(4)})`);
    const wide = teams.map(({ team, name, logo, side, points }) => [name || team, logo === "", side, points.length]);
    this.fit.see(JSON.stringify([wide, of, bomb, reading?.text.length]));
    this.below(reading);
    return reading?.next_ms ?? Infinity;
  }

  /** The line below the points: the phase of the match, which map of the series, the map. @param {import("../core/timer.mjs").Reading | null} reading */
  below(reading) {
    const { view, texts } = this.stage;
    const { map, number, of, timer } = this.standing;
    const phase = timer?.phase ?? "";
    const word = PLAYING.includes(phase) ? (reading?.paused ? texts.text("phase.paused") : "") : texts.text(`phase.${phase}`) || clean(phase, LETTERS);
    const shown = reading === null ? "" : word;
    const series = of > 1 ? texts.text("score.map", { number, of }) : "";
    const words = [series, clean(map, LETTERS)].filter(Boolean).join(" · ");
    view.text(this.phase, shown);
    view.text(this.words, words);
    view.toggle(this.tab, "off", shown === "" && words === "");
  }
}

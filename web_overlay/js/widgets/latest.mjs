// @ts-check
// A label: the latest follower, subscriber, gift, tip, cheer and raid, one after the other. Empty without any.

import { clean } from "../core/clean.mjs";
import { Held, KINDS, factOf, keptFacts } from "../core/community.mjs";
import { Newest } from "../core/newest.mjs";
import { el, entrance, icon, text, wire } from "./dom.mjs";
import { Fit } from "./fit.mjs";
import { SOCIAL_ICONS } from "./icons.mjs";

/** @typedef {import("../core/community.mjs").Fact} Fact */

const EACH_MS = 8_000;
const LETTERS = 30;

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "latest",
  title: "Latest events",
  types: KINDS,
  box: { x: 96, y: 846, width: 500, height: 48, anchor: "bottom-left" },
  upright: { x: 54, y: 1508, width: 500, height: 48, anchor: "bottom-left" },
  load: (stage, root) => new Latest(stage, root),
};

class Latest {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.kept = keptFacts(stage.keep.load("latest")); // with those that are held; after a reload they do not wait for their alert
    this.newest = new Newest(this.kept);
    /** @type {Fact[]} the newest first, one of each kind */
    this.facts = this.newest.shown();
    this.saved = true;
    this.held = new Held((kind, position) => stage.announces(kind, position));
    this.at = 0;
    this.until = 0;
    this.fresh = this.facts.length > 0;
    this.icon = icon("la-icon");
    this.label = text();
    this.name = text();
    this.amount = text();
    const name = el("span", "la-name name", this.name);
    name.dir = "auto";
    const label = el("span", "la-label label", this.label);
    const row = el("span", "la-row", label, el("span", "la-what", name, el("span", "la-amount", this.amount)));
    this.box = el("div", "la slab off", wire(), this.icon.svg, row);
    root.append(this.box);
    this.fit = new Fit(stage, this.box, [label, name]);
    this.entrance = entrance(stage, this.box, "translateY(.1rem)", 200);
  }

  /** @param {{type: string, payload: any, source: string, position: number}} event */
  updateAction(event) {
    const fact = factOf(event, this.stage.texts);
    if (fact === null) return;
    this.held.push(fact, event.position);
    if (fact.rehearsed) return;
    this.kept = latest(this.kept, fact);
    this.saved = false;
  }

  endTests() {
    this.held.endTests();
    this.newest.endTests();
  }

  resize() {
    this.fit.again();
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    const wake = this.advance(now);
    return this.fit.frame() ? now : wake;
  }

  /** @param {number} now @returns {number} */
  advance(now) {
    if (!this.saved) this.stage.keep.save("latest", this.kept);
    this.saved = true;
    const expired = this.newest.expire(now);
    const told = this.held.take();
    for (const fact of told) this.newest.add(fact, now);
    if (expired || told.length > 0) {
      this.facts = this.newest.shown();
      this.at = 0;
      this.fresh = true;
    }
    if (this.facts.length === 0) {
      this.stage.view.toggle(this.box, "off", true);
      return Infinity;
    }
    if (this.fresh) {
      this.fresh = false;
      this.write(now);
    } else if (now >= this.until) {
      this.at = (this.at + 1) % this.facts.length;
      this.write(now);
    }
    return Math.min(this.facts.length > 1 ? this.until : Infinity, this.newest.due);
  }

  /** @param {number} now */
  write(now) {
    const { view, texts } = this.stage;
    const { kind, name, amount } = this.facts[this.at];
    this.until = this.facts.length > 1 ? now + EACH_MS : Infinity;
    view.toggle(this.box, "off", false);
    view.attribute(this.box, "data-kind", kind);
    view.attribute(this.icon.path, "d", SOCIAL_ICONS[kind]);
    const words = [texts.text(`latest.${kind}`), clean(name, LETTERS), amount];
    [this.label, this.name, this.amount].forEach((node, at) => view.text(node, words[at]));
    this.fit.see(words.join("\n"));
    view.enter(this.entrance);
  }
}

/** The newest first, one of each kind. @param {Fact[]} facts @param {Fact} fact */
function latest(facts, fact) {
  return [fact, ...facts.filter(({ kind }) => kind !== fact.kind)];
}

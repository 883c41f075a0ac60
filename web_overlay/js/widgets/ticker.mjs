// @ts-check
// The last few events of the community in one line, or in more if they fit, newest first; each fades after its time. Nodes
// are pooled and ordered by `order`, without measuring or moving nodes.

import { clean } from "../core/clean.mjs";
import { Held, factOf } from "../core/community.mjs";
import { TYPES } from "../core/occasions.mjs";
import { el, entrance, icon, text } from "./dom.mjs";
import { SOCIAL_ICONS } from "./icons.mjs";

/** @typedef {import("../core/community.mjs").Fact} Fact */

const PLACES = 6;
const SHOWN_MS = 120_000;
const LETTERS = 24;
const [LINE, GAP] = [44, 8]; // height of an event and space between two, as in css/widgets/ticker.css

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "ticker",
  title: "Ticker of the last events",
  types: TYPES.filter((type) => type !== "stream"),
  box: { x: 488, y: 211, width: 944, height: 44, anchor: "top", visible: false },
  upright: { x: 54, y: 722, width: 484, height: 148, anchor: "top-left", visible: false },
  load: (stage, root) => new Ticker(stage, root),
};

class Ticker {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.held = new Held((kind, position) => stage.announces(kind, position));
    this.order = 0;
    /** the longest unused first */
    this.places = Array.from({ length: PLACES }, () => {
      const mark = icon("ti-icon");
      const name = text();
      const words = text();
      const nameBox = el("span", "ti-name name", name);
      nameBox.dir = "auto";
      const node = el("div", "ti slab off", mark.svg, nameBox, el("span", "ti-words", words));
      return { mark, name, words, node, until: Infinity, rehearsed: false, entrance: entrance(stage, node, "translateX(-.3rem)") };
    });
    this.list = el("div", "ti-list", ...this.places.map(({ node }) => node));
    root.append(this.list);
  }

  /** Whole lines, at least one. @param {import("../core/types.mjs").Size} size */
  resize({ height }) {
    const lines = Math.max(1, Math.floor((height + GAP) / (LINE + GAP)));
    this.stage.view.style(this.list, "height", `${(lines * (LINE + GAP) - GAP) / 100}rem`);
  }

  /** @param {{type: string, payload: any, source: string, position: number}} event */
  updateAction(event) {
    const fact = factOf(event, this.stage.texts);
    if (fact !== null) this.held.push(fact, event.position);
  }

  endTests() {
    this.held.endTests();
    for (const place of this.places) if (place.rehearsed) place.until = -Infinity;
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    const { view } = this.stage;
    for (const fact of this.held.take().slice(-PLACES)) this.write(fact, now);
    let wake = Infinity;
    for (const place of this.places) {
      if (place.until <= now) {
        place.until = Infinity;
        place.rehearsed = false;
        view.toggle(place.node, "off", true);
      }
      wake = Math.min(wake, place.until);
    }
    return wake;
  }

  /** @param {Fact} fact @param {number} now */
  write({ kind, name, amount, title, rehearsed = false }, now) {
    const { view, texts } = this.stage;
    const [place] = this.places.splice(0, 1);
    this.places.push(place);
    place.until = now + SHOWN_MS;
    place.rehearsed = rehearsed;
    this.order -= 1;
    view.style(place.node, "order", String(this.order));
    view.toggle(place.node, "off", false);
    view.attribute(place.node, "data-kind", kind);
    view.attribute(place.mark.path, "d", SOCIAL_ICONS[kind]);
    view.text(place.name, clean(name, LETTERS));
    view.text(place.words, texts.text(`event.${kind}`, { amount, title: clean(title, LETTERS) }));
    view.enter(place.entrance);
  }
}

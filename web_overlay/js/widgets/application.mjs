// @ts-check
// The state of a connected application, such as a voice assistant: icon, title and a word. Empty while none is connected.

import { Applications } from "../core/applications.mjs";
import { clean } from "../core/clean.mjs";
import { el, entrance, icon, text, wire } from "./dom.mjs";

const LETTERS = 60;
const TALL = 86; // room for two lines: in a flatter box its own text takes the place of the word

/** @type {Record<string, string>} by the status */
const STATUS_ICONS = {
  speaking: "M2 8h5l6-5v18l-6-5H2zM15.500 8.200a5 5 0 0 1 0 7.600zM18 4.200a10 10 0 0 1 0 15.600v-3a7.500 7.500 0 0 0 0-9.600z",
  listening:
    "M12 1.500a4 4 0 0 1 4 4v6a4 4 0 0 1-8 0v-6a4 4 0 0 1 4-4zM4.500 11h2.200a5.300 5.300 0 0 0 10.600 0h2.200a7.500 7.500 0 0 1-6.400 7.400V22.500h-2.200V18.400A7.500 7.500 0 0 1 4.500 11z",
  wake_word: "M10.700 1h2.600v13h-2.600zM10.700 17h2.600v4h-2.600zM4 6h2.600v6H4zM17.400 6H20v6h-2.600z",
  ready: "M9.500 16.200L20.200 5.500l2.100 2.100L9.500 20.400L1.700 12.600l2.100-2.100z",
  other: "M12 6a6 6 0 1 0 0 12a6 6 0 0 0 0-12z",
};

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "application",
  title: "Connected application",
  types: ["application"],
  box: { x: 348, y: 54, width: 310, height: 48, anchor: "top-left" },
  upright: { x: 54, y: 664, width: 400, height: 52, anchor: "left" },
  load: (stage, root) => new ApplicationWidget(stage, root),
};

class ApplicationWidget {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.applications = new Applications();
    this.fresh = false;
    this.there = false;
    this.tall = false;
    this.icon = icon("ap-icon");
    this.title = text();
    this.word = text();
    this.detail = text();
    this.label = el("span", "ap-word label", this.word);
    const title = el("span", "ap-title name", this.title);
    const detail = el("span", "ap-detail name", this.detail);
    title.dir = "auto";
    detail.dir = "auto";
    this.box = el("div", "ap slab off", wire(), this.icon.svg, title, this.label, detail);
    root.append(this.box);
    this.entrance = entrance(stage, this.box, "translateY(.1rem)", 200);
  }

  /** @param {import("../core/types.mjs").Event} event */
  updateAction(event) {
    if (event.type !== "application") return;
    this.applications.see(event.payload);
    this.fresh = true;
  }

  /** @param {import("../core/types.mjs").Size} size */
  resize({ height }) {
    this.tall = height >= TALL;
    this.stage.view.toggle(this.box, "tall", this.tall);
    this.fresh = true;
  }

  /** @returns {number} */
  frame() {
    if (this.fresh) this.write(this.applications.shown());
    this.fresh = false;
    return Infinity;
  }

  /** @param {import("../core/applications.mjs").Application | null} shown */
  write(shown) {
    const { view, texts } = this.stage;
    view.toggle(this.box, "off", shown === null);
    if (shown !== null) {
      const { application, status, title = "", detail = "" } = shown;
      const known = Object.hasOwn(STATUS_ICONS, status) ? status : "other";
      view.attribute(this.box, "data-status", known);
      view.attribute(this.icon.path, "d", STATUS_ICONS[known]);
      view.text(this.title, clean(title, LETTERS) || clean(application, LETTERS));
      view.text(this.word, texts.text(`application.${status}`) || clean(status, LETTERS));
      view.toggle(this.label, "off", !this.tall && detail !== "");
      view.text(this.detail, clean(detail, LETTERS));
      if (!this.there) view.play(this.entrance);
    }
    this.there = shown !== null;
  }
}

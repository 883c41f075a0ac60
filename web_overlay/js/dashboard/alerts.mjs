// @ts-check
// What is wrong now, and what to do about it: above everything else, critical ones first, as the supervisor sorts them.

import { el, text } from "../widgets/dom.mjs";
import { duration, rows, word } from "./format.mjs";

/** @typedef {Record<string, any>} Alert */

/** @param {unknown} alerts @returns {"good" | "warn" | "bad"} the worst of them */
export function worst(alerts) {
  const levels = rows(alerts).map((alert) => alert.level);
  return levels.includes("critical") ? "bad" : levels.length > 0 ? "warn" : "good";
}

export class Alerts {
  /** @param {import("../core/view.mjs").View} view @param {HTMLElement} root */
  constructor(view, root) {
    this.view = view;
    this.root = root;
    /** @type {Map<string, {node: HTMLElement, set: (alert: Alert) => void}>} */
    this.shown = new Map();
  }

  /** @param {unknown} alerts */
  update(alerts) {
    const known = rows(alerts);
    const keys = known.map((alert) => `${alert.key} ${alert.name}`);
    for (const [key, entry] of this.shown) {
      if (keys.includes(key)) continue;
      entry.node.remove();
      this.shown.delete(key);
    }
    keys.forEach((key, at) => {
      const entry = this.shown.get(key) ?? this.create(key);
      if (this.root.children[at] !== entry.node) this.root.insertBefore(entry.node, this.root.children[at] ?? null);
      entry.set(known[at]);
    });
    this.view.toggle(this.root, "off", keys.length === 0);
  }

  /** @param {string} key */
  create(key) {
    const [name, what, since, advice, command] = [text(), text(), text(), text(), text()];
    const lasting = el("span", "soft since", since);
    lasting.setAttribute("aria-live", "off"); // it changes each second, and is not to be read out each second
    const node = el(
      "article",
      "alert",
      el("p", "", el("strong", "", name), el("span", "", what), lasting),
      el("p", "do", el("span", "", advice), el("code", "", command)),
    );
    /** @param {Alert} alert */
    const set = (alert) => {
      this.view.attribute(node, "data-tone", worst([alert]));
      this.view.attribute(node, "title", word(alert.key));
      this.view.text(name, word(alert.name));
      this.view.text(what, word(alert.text));
      this.view.text(since, `for ${duration(alert.for_s)}`);
      this.view.text(advice, `${word(alert.do)} `);
      this.view.text(command, word(alert.command));
    };
    const entry = { node, set };
    this.shown.set(key, entry);
    return entry;
  }
}

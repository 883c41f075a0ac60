// @ts-check
// The address for OBS as a form: one control per parameter that the overlay knows (core/params.mjs).

import { addressOf, taken } from "../core/address.mjs";
import { PARAMS } from "../core/params.mjs";
import { el, text } from "../widgets/dom.mjs";
import { Gallery } from "./gallery.mjs";
import { HIDDEN, HINTS, LABELS, expected, labelOf } from "./labels.mjs";

const FIRST = ["overlay_id", "scene", "theme", "lang", "player", "widgets", "scale", "motion"];
const NOT_IN_PREVIEW = ["overlay_id", "scene", "on_reload", "hud", "widgets", "bg"];

export class AddressForm {
  /**
   * @param {HTMLElement} form
   * @param {readonly import("../core/types.mjs").WidgetKind[]} kinds
   * @param {import("./gateway.mjs").Themes} themes
   * @param {() => void} changed
   */
  constructor(form, kinds, themes, changed) {
    this.changed = changed;
    this.themes = themes.themes;
    this.gallery = new Gallery(themes.previews, (name) => this.set("theme", name));
    const names = Object.keys(PARAMS).filter((name) => !HIDDEN.includes(name));
    const rank = (/** @type {string} */ name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
    names.sort((one, other) => rank(one) - rank(other));
    /** @type {Map<string, HTMLInputElement | HTMLSelectElement>} */
    this.inputs = new Map();
    /** @type {Map<string, Text>} what is wrong, beside each field */
    this.problems = new Map();
    /** @type {HTMLInputElement[]} */
    this.shown = [];
    const controls = names.map((name) => (name === "widgets" ? this.widgets(kinds) : this.control(name)));
    form.append(this.gallery.root, ...controls);
    this.gallery.show("");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => this.check());
  }

  /** @param {string} name */
  control(name) {
    const { low, high } = PARAMS[name];
    const values = name === "theme" ? this.themes : PARAMS[name].values;
    const input = values === undefined ? el("input", "") : el("select", "");
    input.name = name;
    if (input instanceof HTMLSelectElement) {
      input.append(...["", ...(values ?? [])].map((value) => new Option(labelOf(name, value), value)));
    } else if (low !== undefined) {
      Object.assign(input, { type: "number", min: low, max: high, step: "any" });
    } else Object.assign(input, { maxLength: 64, placeholder: HINTS[name] ?? "" });
    this.inputs.set(name, input);
    const problem = text();
    this.problems.set(name, problem);
    const wide = low === undefined && values === undefined ? "wide" : "";
    return el("label", wide, text(LABELS[name]), input, el("span", "problem", problem));
  }

  /** @param {readonly import("../core/types.mjs").WidgetKind[]} kinds */
  widgets(kinds) {
    const group = el("fieldset", "wide", el("legend", "", text(LABELS.widgets)));
    for (const { name, title } of kinds) {
      const box = el("input", "");
      Object.assign(box, { type: "checkbox", name: "widgets", value: name, checked: true });
      this.shown.push(box);
      group.append(el("label", "check", box, text(` ${title}`)));
    }
    return group;
  }

  check() {
    for (const [name, input] of this.inputs) {
      const problem = taken(name, input.value.trim()) ? "" : expected(name);
      input.setCustomValidity(problem);
      this.tell(name, problem === "" ? "" : `Left out of the address: expected ${problem}.`);
    }
    this.gallery.show(this.inputs.get("theme")?.value ?? "");
    this.changed();
  }

  /** @param {string} name @param {string} problem */
  tell(name, problem) {
    const node = /** @type {Text} */ (this.problems.get(name));
    if (node.data !== problem) node.data = problem;
  }

  /** @param {string} name @param {string} value */
  set(name, value) {
    const input = this.inputs.get(name);
    if (input !== undefined) input.value = value;
    this.check();
  }

  /** @returns {Record<string, string>} what is chosen and fits */
  get values() {
    /** @type {Record<string, string>} */
    const values = {};
    for (const [name, input] of this.inputs) if (input.validity.valid) values[name] = input.value.trim();
    const on = this.shown.filter((box) => box.checked).map((box) => box.value);
    values.widgets = on.length === this.shown.length ? "" : on.join(",");
    return values;
  }

  /** @param {string} token */
  address(token) {
    return addressOf(location.origin, this.values, token);
  }

  /** The same look in the preview, which is silent and no overlay. @param {string} token @param {string} id */
  preview(token, id) {
    const values = Object.entries(this.values).filter(([name]) => !NOT_IN_PREVIEW.includes(name));
    const own = { overlay_id: id, on_reload: "live", preview: "1", mute: "1" };
    return addressOf("", { ...Object.fromEntries(values), ...own }, token);
  }
}

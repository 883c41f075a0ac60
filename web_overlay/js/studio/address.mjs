// @ts-check
// The address for OBS as a form: one control per parameter that the overlay knows (core/params.mjs).

import { addressOf, taken } from "../core/address.mjs";
import { PARAMS } from "../core/params.mjs";
import { el, text } from "../widgets/dom.mjs";
import { HINTS, LABELS, OFFERS, expected } from "./labels.mjs";

const HIDDEN = ["journal", "format", "transport", "worker", "design", "preview"]; // for tests and development
const FIRST = ["overlay_id", "scene", "theme", "lang", "player", "widgets", "scale", "motion"];
const NOT_IN_PREVIEW = ["overlay_id", "scene", "on_reload", "hud", "widgets"];

export class AddressForm {
  /**
   * @param {HTMLElement} form
   * @param {readonly import("../core/types.mjs").WidgetKind[]} kinds
   * @param {() => void} changed
   */
  constructor(form, kinds, changed) {
    this.changed = changed;
    const names = Object.keys(PARAMS).filter((name) => !HIDDEN.includes(name));
    const rank = (/** @type {string} */ name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
    names.sort((one, other) => rank(one) - rank(other));
    /** @type {Map<string, HTMLInputElement | HTMLSelectElement>} */
    this.inputs = new Map();
    /** @type {Map<string, Text>} what is wrong, beside each field */
    this.problems = new Map();
    /** @type {HTMLInputElement[]} */
    this.shown = [];
    form.append(...names.map((name) => (name === "widgets" ? this.widgets(kinds) : this.control(name))));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => this.check());
  }

  /** @param {string} name */
  control(name) {
    const { values, low, high } = PARAMS[name];
    const input = values === undefined ? el("input", "") : el("select", "");
    input.name = name;
    if (input instanceof HTMLSelectElement) {
      input.append(...["", ...(values ?? [])].map((value) => new Option(words(value), value)));
    } else if (low !== undefined) {
      Object.assign(input, { type: "number", min: low, max: high, step: "any" });
    } else Object.assign(input, { maxLength: 64, placeholder: HINTS[name] ?? "" });
    this.inputs.set(name, input);
    const problem = text();
    this.problems.set(name, problem);
    const wide = low === undefined && values === undefined ? "wide" : "";
    return el("label", wide, text(LABELS[name] ?? name.replaceAll("_", " ")), input, ...offer(input), el("span", "problem", problem));
  }

  /** @param {readonly import("../core/types.mjs").WidgetKind[]} kinds */
  widgets(kinds) {
    const group = el("fieldset", "wide", el("legend", "", text("Only these widgets")));
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
    void this.checkTheme();
    this.changed();
  }

  /** A name that can be one of a theme is asked for: only the gateway knows the user's own. */
  async checkTheme() {
    const input = this.inputs.get("theme");
    const name = input?.value.trim() ?? "";
    if (name === "" || OFFERS.theme.includes(name) || !taken("theme", name)) return;
    const found = await fetch(`/themes/${name}/theme.json`, { method: "HEAD" }).catch(() => null);
    if (found?.status === 404 && input?.value.trim() === name) this.tell("theme", "This theme does not exist; the overlay uses broadcast.");
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

/** A list for an input that offers names. @param {HTMLInputElement | HTMLSelectElement} input @returns {HTMLElement[]} */
function offer(input) {
  const names = OFFERS[input.name];
  if (names === undefined) return [];
  const list = el("datalist", "");
  list.id = `offer-${input.name}`;
  list.append(...names.map((name) => new Option(name, name)));
  input.setAttribute("list", list.id);
  return [list];
}

/** @param {string} value */
function words(value) {
  return { "": "default", 0: "no", 1: "yes" }[value] ?? value;
}

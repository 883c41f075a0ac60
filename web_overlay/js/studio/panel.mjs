// @ts-check
// The numbers and switches of the chosen widget.

import { boundsOf, clampBox, nearestAnchor } from "../core/geometry.mjs";
import { fits } from "../core/layout-file.mjs";
import { ANCHORS } from "../core/layout.mjs";
import { el, text } from "../widgets/dom.mjs";

/** @typedef {import("../core/types.mjs").Box} Box */

/** @type {[keyof Box & ("x" | "y" | "width" | "height" | "scale" | "order"), string, number][]} field, label, step */
const NUMBERS = [
  ["x", "Left (px)", 1],
  ["y", "Top (px)", 1],
  ["width", "Width (px)", 1],
  ["height", "Height (px)", 1],
  ["scale", "Scale of content", 0.05],
  ["order", "Order (higher is in front)", 1],
];

export class Panel {
  /** @param {import("../core/editor.mjs").Editor} editor @param {HTMLElement} title @param {HTMLElement} form */
  constructor(editor, title, form) {
    this.editor = editor;
    this.title = title;
    this.form = form;
    this.inputs = new Map(NUMBERS.map(([field, , step]) => [field, this.number(field, step)]));
    /** @type {string | null} */
    this.shown = null;
    this.visible = el("input", "");
    this.visible.type = "checkbox";
    this.visible.addEventListener("change", () => this.set({ visible: this.visible.checked }));
    this.anchors = ANCHORS.map((anchor) => this.anchor(anchor));
    const grid = el("div", "anchors", ...this.anchors);
    grid.setAttribute("role", "radiogroup");
    grid.setAttribute("aria-label", "Anchor");
    const check = el("label", "check wide", this.visible, text(" Visible"));
    const labels = NUMBERS.map(([field, label]) => el("label", "", text(label), /** @type {Node} */ (this.inputs.get(field))));
    const anchor = el("div", "wide", el("label", "", text("Anchor: content is aligned to it")), grid);
    const buttons = el(
      "div",
      "row wide",
      button("To the front", () => this.order("front")),
      button("To the back", () => this.order("back")),
      button("Anchor by place", () => this.byPlace()),
      button("Reset", () => this.editor.selected !== null && this.editor.reset(this.editor.selected)),
    );
    this.problems = el("div", "problem wide");
    this.problems.setAttribute("role", "alert");
    form.append(check, ...labels, this.problems, anchor, buttons);
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** @param {"x" | "y" | "width" | "height" | "scale" | "order"} field @param {number} step */
  number(field, step) {
    const input = el("input", "");
    input.type = "number";
    input.step = String(step);
    input.name = field;
    input.addEventListener("input", () => {
      const value = input.valueAsNumber;
      const problem = this.problem(field, value);
      input.setCustomValidity(problem);
      if (problem === "") this.set({ [field]: value }, `field ${field}`);
      this.tell();
    });
    input.addEventListener("blur", () => {
      const wrong = input.validationMessage;
      input.setCustomValidity("");
      this.show();
      this.problems.replaceChildren(text(wrong === "" ? "" : `${wrong} The field is as before.`));
    });
    return input;
  }

  /** @param {"x" | "y" | "width" | "height" | "scale" | "order"} field @param {number} value @returns {string} why the value is not taken, or "" */
  problem(field, value) {
    const { selected, boxes, stage } = this.editor;
    if (selected === null) return "";
    const [low, high] = boundsOf(field, /** @type {Box} */ (boxes.get(selected)), stage);
    if (fits(field, value) && value >= low && value <= high) return "";
    const label = NUMBERS.find(([name]) => name === field)?.[1];
    return `${label}: expected ${low} to ${high}${field === "order" ? ", whole" : ""}.`;
  }

  /** The bounds beside the fields. */
  tell() {
    const wrong = [...this.inputs.values()].map((input) => input.validationMessage).filter((message) => message !== "");
    this.problems.replaceChildren(text(wrong.join(" ")));
  }

  /** @param {import("../core/types.mjs").Anchor} anchor */
  anchor(anchor) {
    const node = button("", () => this.set({ anchor }));
    node.setAttribute("role", "radio");
    node.setAttribute("aria-label", anchor);
    node.title = anchor;
    node.dataset.anchor = anchor;
    return node;
  }

  /** @param {Partial<Box>} change @param {string} [merge] */
  set(change, merge) {
    const { selected, boxes, stage } = this.editor;
    if (selected === null) return;
    const box = { .../** @type {Box} */ (boxes.get(selected)), ...change };
    this.editor.set(selected, merge === undefined ? box : clampBox(box, stage), merge && `${merge} ${selected}`);
  }

  /** @param {"front" | "back"} where */
  order(where) {
    if (this.editor.selected !== null) this.editor.order(this.editor.selected, where);
  }

  byPlace() {
    const { selected, boxes, stage } = this.editor;
    if (selected === null) return;
    this.set({ anchor: nearestAnchor(/** @type {Box} */ (boxes.get(selected)), stage, ANCHORS) });
  }

  show() {
    const { selected, boxes, kinds } = this.editor;
    const box = selected === null ? undefined : boxes.get(selected);
    this.form.classList.toggle("off", box === undefined);
    const kind = /** @type {import("../core/types.mjs").WidgetKind | undefined} */ (kinds.find(({ name }) => name === selected));
    if (this.shown !== selected) this.problems.replaceChildren();
    this.shown = selected;
    this.title.textContent = kind?.title ?? "Choose a widget on the stage or in the list";
    if (box === undefined) return;
    for (const [field, input] of this.inputs) {
      if (document.activeElement === input && input.valueAsNumber === box[field]) continue;
      if (document.activeElement !== input || input.validity.valid) input.value = String(box[field]);
    }
    this.visible.checked = box.visible;
    for (const node of this.anchors) node.setAttribute("aria-checked", String(node.dataset.anchor === box.anchor));
  }
}

/** @param {string} label @param {() => void} act */
export function button(label, act) {
  const node = el("button", "", text(label));
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

// @ts-check
// All widgets by name, those in front first: to choose one that is hidden or covered, and to show and hide.

import { el, text } from "../widgets/dom.mjs";
import { button } from "./panel.mjs";

export class List {
  /** @param {import("../core/editor.mjs").Editor} editor @param {HTMLElement} root @param {(name: string) => void} chosen */
  constructor(editor, root, chosen) {
    this.editor = editor;
    this.chosen = chosen;
    this.root = root;
    /** @type {Map<string, {row: HTMLElement, pick: HTMLElement, see: HTMLElement}>} */
    this.rows = new Map();
    for (const kind of editor.kinds) this.rows.set(kind.name, this.row(/** @type {any} */ (kind)));
    root.append(...[...this.rows.values()].map(({ row }) => row));
  }

  /** @param {import("../core/types.mjs").WidgetKind} kind */
  row({ name, title }) {
    const { editor } = this;
    const pick = button(title, () => this.chosen(name));
    pick.classList.add("pick");
    pick.title = title;
    const see = button("", () => editor.set(name, { visible: !editor.boxes.get(name)?.visible }));
    see.classList.add("see");
    const row = el("li", "", pick, see);
    row.dataset.widget = name;
    return { row, pick, see };
  }

  show() {
    const { editor } = this;
    const inFront = [...editor.boxes].sort(([, one], [, other]) => other.order - one.order);
    for (const [name, { visible }] of inFront) {
      const { row, pick, see } = /** @type {{row: HTMLElement, pick: HTMLElement, see: HTMLElement}} */ (this.rows.get(name));
      row.classList.toggle("hidden", !visible);
      pick.setAttribute("aria-pressed", String(editor.selected === name));
      see.replaceChildren(text(visible ? "Hide" : "Show"));
      see.setAttribute("aria-label", `${visible ? "Hide" : "Show"} ${pick.textContent}`);
    }
    const wanted = inFront.map(([name]) => name);
    const found = [...this.root.children].map((row) => /** @type {HTMLElement} */ (row).dataset.widget);
    if (wanted.some((name, at) => name !== found[at])) this.root.append(...wanted.map((name) => /** @type {any} */ (this.rows.get(name)).row));
  }
}

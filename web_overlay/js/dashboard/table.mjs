// @ts-check
// A table that is brought up to date, not built anew: what did not change is not touched, so a selection survives.
// Text only. On a narrow page each row becomes a paragraph and the labels come from `data-label` (dashboard.css).

import { el, text } from "../widgets/dom.mjs";
import { UNKNOWN } from "./format.mjs";

/** @typedef {{label: string, cell: (row: Record<string, any>) => string, number?: boolean, long?: boolean, tone?: (row: Record<string, any>) => string}} Column */

export class Table {
  /**
   * @param {import("../core/view.mjs").View} view
   * @param {HTMLElement} root
   * @param {object} what
   * @param {Column[]} what.columns
   * @param {(row: Record<string, any>, at: number) => string} what.key
   * @param {string} what.none said when there are no rows
   */
  constructor(view, root, { columns, key, none }) {
    this.view = view;
    this.columns = columns;
    this.key = key;
    /** @type {Map<string, {node: HTMLElement, cells: {node: HTMLElement, text: Text}[]}>} */
    this.rows = new Map();
    this.body = el("tbody", "");
    this.none = el("p", "none off", text(none));
    const head = el("tr", "", ...columns.map((column) => el("th", column.number ? "number" : "", text(column.label))));
    this.table = el("table", "", el("thead", "", head), this.body);
    root.append(this.table, this.none);
  }

  /** @param {Record<string, any>[]} rows */
  update(rows) {
    const keys = rows.map((row, at) => this.key(row, at));
    const wanted = new Set(keys);
    for (const [key, row] of this.rows) {
      if (wanted.has(key)) continue;
      row.node.remove();
      this.rows.delete(key);
    }
    keys.forEach((key, at) => {
      const row = this.rows.get(key) ?? this.create(key);
      if (this.body.children[at] !== row.node) this.body.insertBefore(row.node, this.body.children[at] ?? null);
      this.columns.forEach((column, index) => {
        const value = column.cell(rows[at]);
        this.view.text(row.cells[index].text, value);
        this.view.toggle(row.cells[index].node, "unknown", value === UNKNOWN); // a dock has no room for dashes
        if (column.tone) this.view.attribute(row.cells[index].node, "data-tone", column.tone(rows[at]));
      });
    });
    this.view.toggle(this.none, "off", rows.length > 0);
    this.view.toggle(this.table, "off", rows.length === 0);
  }

  /** @param {string} key */
  create(key) {
    const cells = this.columns.map((column) => {
      const value = text();
      const node = el("td", column.number ? "number" : column.long ? "long" : "", value);
      node.dataset.label = column.label;
      return { node, text: value };
    });
    const row = { node: el("tr", "", ...cells.map((cell) => cell.node)), cells };
    this.rows.set(key, row);
    return row;
  }
}

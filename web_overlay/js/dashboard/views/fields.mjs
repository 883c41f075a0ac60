// @ts-check
// Fields and choices that show a value which may change while they are edited.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";

/** @typedef {{target: EventTarget | null}} Happening */

const input = (/** @type {Happening} */ { target }) => /** @type {HTMLInputElement | HTMLSelectElement} */ (target);

// What is typed stays until it is sent or left; the next drawing writes what holds then (`settle`).

/** @param {HTMLInputElement | HTMLSelectElement} node */
const rest = (node) => delete node.dataset.typing;

/**
 * @param {string} label for one that is not inside of a label
 * @param {string} value @param {number} most characters @param {(text: string) => void} send
 * @param {string} [hint] @param {boolean} [ticking] it changes by itself, and must not while it has the focus
 */
export function field(label, value, most, send, hint = "", ticking = false) {
  const begin = (/** @type {Event} */ event) => (input(event).dataset.typing = "");
  const sent = (/** @type {Event} */ event) => {
    rest(input(event));
    send(input(event).value.trim());
  };
  const back = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") input(event).value = value;
  };
  return html`<input dir="auto" aria-label=${label || nothing} data-value=${value} maxlength=${most} placeholder=${hint} autocomplete="off" spellcheck="false"
    @focus=${ticking ? begin : nothing} @input=${begin} @change=${sent} @blur=${(/** @type {Event} */ event) => rest(input(event))} @keydown=${back}>`;
}

/** @param {string} value @param {string[][]} options value and words @param {(value: string) => void} send */
export function choice(value, options, send) {
  return html`<select data-value=${value} @change=${(/** @type {Event} */ event) => send(input(event).value)}>
    ${options.map(([each, words]) => html`<option value=${each}>${words}</option>`)}</select>`;
}

/** Write the values into the fields: lit-html does not write one that it has written before. @param {HTMLElement} root */
export function settle(root) {
  for (const node of root.querySelectorAll("[data-value]")) {
    const { dataset } = input({ target: node });
    if (dataset.typing === undefined && input({ target: node }).value !== dataset.value) input({ target: node }).value = String(dataset.value);
  }
}

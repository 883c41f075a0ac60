// @ts-check
// The flags: a choice for each, and the overlays that `canary` names.

import { html } from "../../../vendor/lit-html@3.3.3/lit-html.js";

/** @typedef {Record<string, any>} Row */
/** @typedef {(args: {name: string, mode: string, canary: string[] | null}) => void} Change */

/** @type {[string, string][]} */
export const FLAGS = [
  ["event_pipeline_v2", "Off: events pass the queue as they come, without merging or a frame rate."],
  ["ws_batching_v2", "Off: each event is a message of its own."],
  ["js_scheduler_v2", "Off: pages draw each event as it arrives, not once per frame."],
];
const MODES = ["on", "canary", "off"];

/** @param {Row | undefined} flags of the status @param {Change | null} change null: this page may only read */
export function flagsFold(flags, change) {
  if (flags === undefined) return html`<p class="none">Loading…</p>`;
  const names = (flags.canary ?? []).join(", ");
  return html`<ul class="things">${FLAGS.map(([name, words]) => flagRow(name, String(flags[name]), words, change))}</ul>
    <p class="buttons"><label for="canary">Overlays of <em>canary</em></label>
      <input id="canary" .value=${names} ?disabled=${change === null} placeholder="main, backup" autocomplete="off" spellcheck="false"
        @change=${(/** @type {Event} */ { target }) => change?.(named(flags, /** @type {HTMLInputElement} */ (target).value))}>
      <span class="soft">their ?overlay_id=, separated by commas; the flags in <em>canary</em> are on only for these</span></p>`;
}

/** @param {string} name @param {string} mode @param {string} words @param {Change | null} change */
function flagRow(name, mode, words, change) {
  const choose = (/** @type {Event} */ { target }) =>
    change?.({ name, mode: /** @type {HTMLSelectElement} */ (target).value, canary: null });
  return html`<li><div class="thing"><strong>${name}</strong>
    <select aria-label=${name} .value=${mode} ?disabled=${change === null} @change=${choose}>
      ${MODES.map((each) => html`<option value=${each} ?selected=${each === mode}>${each}</option>`)}</select>
    <span class="soft">${words}</span></div></li>`;
}

/** Other names, with the modes as they are. @param {Row} flags @param {string} text */
function named(flags, text) {
  const canary = text.split(/[\s,]+/).filter(Boolean);
  return { name: FLAGS[0][0], mode: String(flags[FLAGS[0][0]]), canary };
}

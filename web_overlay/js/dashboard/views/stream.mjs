// @ts-check
// The list of events: one row per event, newest first; a row opens its history.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { repeat } from "../../../vendor/lit-html@3.3.3/directives/repeat.js";
import { describe } from "../describe.mjs";
import { time } from "../format.mjs";
import { steps } from "../history.mjs";
import { clip, icon, named } from "./parts.mjs";

/** @typedef {import("../../core/types.mjs").Event} Event */
/**
 * @typedef {object} Actions
 * @property {(event: Event) => void} open opens or closes a row
 * @property {((event: Event) => void) | null} again null: this page may only look
 * @property {(event: Event) => void} copy
 */
/** @typedef {{id: string, answer: any}} Opened the row whose history is shown; `answer` is null while it is asked for */

const PAYLOAD = 4_000; // characters that are shown of one

/**
 * @param {Event[]} entries
 * @param {Record<string, any>[]} overlays
 * @param {Opened | null} opened
 * @param {Actions} actions
 * @param {boolean} filtered
 * @param {(event: Event) => {word: string, tone: string}} delivery
 */
export function riverList(entries, overlays, opened, actions, filtered, delivery) {
  if (entries.length === 0) {
    return html`<li class="none">${filtered ? "No event fits the filter." : "No event yet. A test button sends one."}</li>`;
  }
  return repeat(
    entries,
    (event) => event.id,
    (event) => row(event, overlays, opened?.id === event.id ? opened : null, actions, delivery(event)),
  );
}

/** @param {Event} event @param {Record<string, any>[]} overlays @param {Opened | null} opened @param {Actions} actions @param {{word: string, tone: string}} state */
function row(event, overlays, opened, actions, state) {
  const line = describe(event);
  return html`<li data-id=${event.id} data-type=${event.type}>
    <button type="button" class="row" aria-expanded=${opened !== null} @click=${() => actions.open(event)}>
      ${icon(line.icon)}
      <span class="title">${line.title}${event.count > 1 ? html` <b>${event.count} times</b>` : nothing}${mark(event)}</span>
      <span class="who">${line.who.map((name, at) => html`${at > 0 ? " → " : nothing}${named(name)}`)}${line.what === "" ? nothing : html` <span class="what" dir="auto">${line.what}</span>`}</span>
      <span class="state" data-tone=${state.tone || nothing}>${state.word}</span>
      <time>${time(event.ts_ingest_ms).slice(0, 8)}</time>
    </button>
    ${opened === null ? nothing : history(event, opened, overlays, actions)}
  </li>`;
}

/** @param {Event} event */
function mark(event) {
  if (event.source === "test") return html` <em class="mark">test</em>`;
  return event.source === "again" ? html` <em class="mark">shown again</em>` : nothing;
}

/** @param {Event} event @param {Opened} opened @param {Record<string, any>[]} overlays @param {Actions} actions */
function history(event, opened, overlays, actions) {
  return html`<div class="history">
    <ol class="steps">${opened.answer === null ? html`<li>Loading…</li>` : stepList(opened.answer, overlays)}</ol>
    <p class="buttons">
      ${actions.again ? html`<button type="button" class="small" @click=${() => actions.again?.(event)}>Show again</button>` : nothing}
      <button type="button" class="small" @click=${() => actions.copy(event)}>Copy id</button>
      <span class="soft">from ${named(event.source || "an unnamed source")}, id <code>${event.id}</code></span>
    </p>
    <pre tabindex="0" aria-label="Payload">${JSON.stringify(event.payload, null, 1).slice(0, PAYLOAD)}</pre>
  </div>`;
}

/** @param {any} answer of /api/why @param {Record<string, any>[]} overlays */
export function stepList(answer, overlays) {
  return steps(answer, overlays).map(
    (step) => html`<li data-tone=${step.tone || nothing}><span>${clip(step.what)}</span> <time>${step.when}</time></li>`,
  );
}

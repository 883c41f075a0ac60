// @ts-check
// The log of one process below the table of processes.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";

/** @typedef {import("../log.mjs").ProcessLog} ProcessLog */

/** @type {Record<string, string>} */
const TONES = { WARNING: "warn", ERROR: "bad", CRITICAL: "bad" };

/** @param {ProcessLog} log */
export function logPanel(log) {
  const { name, lines, follow, error } = log;
  if (name === "") return nothing;
  return html`<section class="log" aria-labelledby="h-log">
    <div class="head"><h3 id="h-log">Log of ${name}</h3>
      <button type="button" class="small" aria-pressed=${String(follow)} @click=${() => log.toggle()}>${follow ? "Following" : "Follow"}</button>
      <button type="button" class="small" @click=${() => log.open(name)}>Close</button></div>
    ${error ? html`<p data-tone="bad" role="alert">${error}</p>` : nothing}
    <pre class="scroll" tabindex="0" aria-label="Log of ${name}">${lines === null ? "Loading…" : linesOf(lines)}</pre></section>`;
}

/** @param {{level: string, text: string}[]} lines */
function linesOf(lines) {
  if (lines.length === 0) return "It has no lines.";
  return lines.map(({ level, text }) => html`<span data-tone=${TONES[level] ?? nothing}>${text}\n</span>`);
}

/** Show the panel that was just opened, and the newest line, after both were rendered. @param {ProcessLog} log @param {HTMLElement} root */
export function scrollLog(log, root) {
  const box = root.querySelector(".log pre");
  if (box !== null && log.opened) {
    log.opened = false;
    box.closest(".log")?.scrollIntoView({ block: "nearest" }); // in a dock it is far below its button
  }
  if (box !== null && log.follow) box.scrollTop = box.scrollHeight;
}

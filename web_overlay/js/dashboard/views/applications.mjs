// @ts-check
// Connected applications: state, a button per announced command, and the last answer.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { clip, lamp, named } from "./parts.mjs";

/** @typedef {import("../../core/events.js").Application} Application */
/** @typedef {(application: string, command: string) => void} Send */

/**
 * @param {Application[]} applications
 * @param {Map<string, string>} answers by the name of the application
 * @param {Send | null} send null: this page may only look
 */
export function applicationsPanel(applications, answers, send) {
  if (applications.length === 0) return html`<p class="none">No application is connected.</p>`;
  return html`<ul class="things">${applications.map((each) => row(each, answers.get(each.application) ?? "", send))}</ul>`;
}

/** @param {Application} state @param {string} answer @param {Send | null} send */
function row(state, answer, send) {
  const { application, connected = true, title = "", detail = "", commands = [], monitoring = false, visible = true } = state;
  const buttons = connected && send !== null ? commands : [];
  const facts = [monitoring ? "monitoring" : "", visible ? "" : "not shown on overlays"].filter((fact) => connected && fact !== "");
  return html`<li>
    <div class="thing"><strong>${named(title || application)}</strong> ${title ? html`<span class="soft">${named(application)}</span>` : nothing}${lamp(stateVerdict(state))}</div>
    ${facts.length > 0 ? html`<div class="facts">${facts.map((fact) => html`<span>${fact}</span>`)}</div>` : nothing}
    ${detail && connected ? html`<p dir="auto">${clip(detail)}</p>` : nothing}
    ${buttons.length > 0 ? html`<p class="buttons">${buttons.map((command) => button(application, command, send))}</p>` : nothing}
    <p class="answer soft" role="status">${answer}</p>
  </li>`;
}

/** @param {string} application @param {string} command @param {Send | null} send */
function button(application, command, send) {
  return html`<button type="button" class="small" aria-label="${command} of ${application}" @click=${() => send?.(application, command)}>${command.replaceAll("_", " ")}</button>`;
}

/** @param {Application} state @returns {import("../judge.mjs").Verdict} */
function stateVerdict({ status, connected = true }) {
  if (!connected) return { tone: "warn", word: "not connected" };
  return { tone: "", word: status.replaceAll("_", " ") || "connected" };
}

// @ts-check
// The login of a source in its row: the address to open, the code to enter there, and what became of it.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { word } from "../format.mjs";
import { clip } from "./parts.mjs";

/** @typedef {Record<string, any>} Row a source of /api/status, with its `login` */
/** @typedef {{order: (source: string, action: "begin" | "cancel", secret?: string) => void, copy: (text: string, what: string) => void}} LogIn */

/** @param {Row} source @param {LogIn} act */
export function loginPart(source, act) {
  const name = word(source.name);
  const state = String(source.login.state);
  const part = Object.hasOwn(PARTS, state) ? PARTS[state] : PARTS[""];
  return html`<div class="login" role="group" aria-label="Login of ${name}">${part(name, source.login, act)}</div>`;
}

/** @type {Record<string, (name: string, login: Row, act: LogIn) => unknown>} */
const PARTS = {
  "": (name, _, act) => html`<p class="buttons">${begin(name, "Log in", act)}</p>`,
  starting: (name, _, act) => html`<p role="status">Asking the platform for a code…</p><p class="buttons">${cancel(name, "Cancel", act)}</p>`,
  waiting,
  asks: (name, login, act) => html`<form @submit=${(/** @type {SubmitEvent} */ event) => send(event, name, act)}>
      <label for="secret-${name}">${clip(login.text)}</label>
      <input id="secret-${name}" type="password" required maxlength="256" autocomplete="off" spellcheck="false">
      <span class="buttons"><button>Continue</button>${cancel(name, "Cancel", act)}</span></form>`,
  done: (name, login, act) => html`<p role="status" data-tone="good">${clip(login.text)} The source uses it at once.</p>
    <p class="buttons">${cancel(name, "Close", act)}</p>`,
  expired: (name, login, act) => failed(name, login, act, "warn"),
  refused: (name, login, act) => failed(name, login, act, "bad"),
};

/** @param {string} name @param {Row} login @param {LogIn} act */
function waiting(name, { page, code, expires_s }, act) {
  const minutes = Math.max(1, Math.ceil(Number(expires_s) / 60));
  return html`<ol>
      <li>Open ${address(String(page))}</li>
      <li>Enter this code, and confirm: <strong class="code">${code}</strong></li></ol>
    <p role="status">Waiting until you have entered the code.</p>
    <p class="soft">It is valid for ${minutes} more minute${minutes === 1 ? "" : "s"}.</p>
    <p class="buttons">
      <button type="button" class="small" @click=${() => act.copy(String(page), "Address")}>Copy address</button>
      <button type="button" class="small" @click=${() => act.copy(String(code), "Code")}>Copy code</button>${cancel(name, "Cancel", act)}</p>`;
}

/** A link only to an encrypted page; anything else is text. @param {string} page from the platform */
function address(page) {
  if (!page.startsWith("https://")) return html`<code>${page}</code>`;
  return html`<a href=${page} target="_blank" rel="noopener noreferrer">${page}</a>`;
}

/** @param {string} name @param {Row} login @param {LogIn} act @param {string} tone */
function failed(name, login, act, tone) {
  return html`<p role="alert" data-tone=${tone}>${clip(login.text)}</p>
    <p class="buttons">${begin(name, "Log in again", act)}${cancel(name, "Close", act)}</p>`;
}

/** @param {string} name @param {string} label @param {LogIn} act */
function begin(name, label, act) {
  return html`<button type="button" class="main" aria-label="${label}: ${name}" @click=${() => act.order(name, "begin")}>${label}</button>`;
}

/** @param {string} name @param {string} label @param {LogIn} act */
function cancel(name, label, act) {
  return html`<button type="button" class="small" aria-label="${label}: login of ${name}" @click=${() => act.order(name, "cancel")}>${label}</button>`;
}

/** The client secret leaves the page with the command, and is not kept. @param {SubmitEvent} event @param {string} name @param {LogIn} act */
function send(event, name, act) {
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).querySelector("input"));
  act.order(name, "begin", input.value.trim());
  input.value = "";
}

/** The command that does the same in a terminal. @param {string} command @param {LogIn} act */
export function commandLine(command, act) {
  const line = html`<p class="command"><code>${command}</code>
    <button type="button" class="small" aria-label="Copy the command ${command}" @click=${() => act.copy(command, "Command")}>Copy</button></p>`;
  return command === "" ? nothing : line;
}

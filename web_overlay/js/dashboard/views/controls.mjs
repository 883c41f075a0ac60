// @ts-check
// The large buttons, each with its key, and the test buttons. The state of switches is read from the events.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { iconOf, titleOf } from "../describe.mjs";
import { CATALOG } from "../../core/catalog.mjs";
import { icon, named } from "./parts.mjs";

/** @typedef {import("../switches.mjs").Switches} Switches */
/** @typedef {(label: string, name: string, args: Record<string, unknown>) => void} Order */

/**
 * One row per button: key, label, what is ordered. `on` is a switch of Switches, and turns the label.
 * @type {{key: string, label: string, undo?: string, on?: "paused" | "hidden" | "muted", order: (s: Switches) => [string, Record<string, unknown>]}[]}
 */
export const CONTROLS = [
  { key: "s", label: "Skip", order: () => ["show", { action: "skip" }] },
  {
    ...{ key: "p", label: "Pause", undo: "Resume", on: "paused" },
    order: (s) => ["show", { action: s.paused ? "resume" : "pause" }],
  },
  { key: "c", label: "Clear queue", order: () => ["show", { action: "clear" }] },
  { key: "r", label: "Repeat last", order: () => ["show", { action: "replay" }] },
  { ...{ key: "m", label: "Mute", undo: "Unmute", on: "muted" }, order: (s) => ["show", { action: s.muted ? "unmute" : "mute" }] },
  { ...{ key: "h", label: "Hide all", undo: "Show all", on: "hidden" }, order: (s) => ["toggle", { on: s.hidden, name: "all" }] },
];

/** The test buttons that have a key. `again`: the label that asks for a second press. @type {{key: string, label: string, type: string, again?: string}[]} */
export const TESTS = [
  { key: "t", label: "Random test", type: "random" },
  { key: "x", label: "Storm of 200", type: "storm", again: "Again to send 200 events on air" },
];

/** Commands of the operator: the example of such a type would change the picture on air. */
const UNTESTED = new Set(["scene"]);

/** @param {Switches} switches @param {Order} order */
export function controlsPanel(switches, order) {
  const controls = CONTROLS.map((control) => {
    const on = control.on !== undefined && switches[control.on];
    const label = on && control.undo ? control.undo : control.label;
    return html`<button type="button" class="large" data-control=${control.key} aria-keyshortcuts=${control.key.toUpperCase()}
      aria-pressed=${control.on === undefined ? nothing : String(on)} @click=${() => order(label, ...control.order(switches))}>
      <span>${label}</span><kbd>${control.key.toUpperCase()}</kbd></button>`;
  });
  return html`${controls}${switches.scene === "" ? nothing : sceneButton(switches.scene, order)}`;
}

/** The way back from a scene. @param {string} scene @param {Order} order */
function sceneButton(scene, order) {
  const none = { type: "scene", source: "dashboard", payload: { name: "" } };
  return html`<button type="button" class="large" data-control="scene" @click=${() => order("End scene", "emit", none)}>
    <span>End scene ${named(scene)}</span></button>`;
}

/** @param {Order} order @param {{storm: () => void, waits: boolean}} sure `waits`: for the second press */
export function testsPanel(order, sure) {
  return html`<div class="buttons">
      ${TESTS.map(
        ({ key, label, type, again }) =>
          html`<button type="button" data-test=${type} aria-keyshortcuts=${key.toUpperCase()}
            @click=${again ? sure.storm : () => order(label, "test", { type })}>${again && sure.waits ? again : label} <kbd>${key.toUpperCase()}</kbd></button>`,
      )}
      <button type="button" data-test="end" title="Remove everything of tests from overlays; the last real score, goal and other states are shown again"
        @click=${() => order("End test", "show", { action: "end_test" })}>End test</button>
    </div>
    <button type="button" class="more" aria-expanded="false" aria-controls="types" @click=${unfold}>Test of each type</button>
    <div id="types" class="buttons types">${CATALOG.filter(({ type }) => !UNTESTED.has(type)).map((row) => typeButton(row, order))}</div>`;
}

/** In a dock the buttons of all types would fill the screen. @param {Event} event */
function unfold({ currentTarget }) {
  const button = /** @type {HTMLElement} */ (currentTarget);
  button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
}

/** @param {{type: string, meaning: string}} row @param {Order} order */
function typeButton({ type, meaning }, order) {
  const label = titleOf(type);
  return html`<button type="button" class="small" data-test=${type} title=${meaning} @click=${() => order(`Test ${label}`, "test", { type })}>
    ${icon(iconOf(type))}${label}</button>`;
}

// @ts-check
// The overlays: those that are connected, those that are lost, and those that were refused.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { ago, count, decimal, duration, rows, word } from "../format.mjs";
import { fpsTone, goneVerdict, overlayVerdict, refusedVerdict, tone } from "../judge.mjs";
import { clip, lamp, named } from "./parts.mjs";

/** @typedef {Record<string, any>} Row */
/** @typedef {(name: string, args: Record<string, unknown>) => void} Order */

/** Warnings of receipts. */
const WARNINGS = [
  ["fps", "frame rate dropped"],
  ["memory", "memory grew suddenly"],
];
const MOST = 8; // lost and refused ones that are listed

/**
 * @param {Row} status
 * @param {string} build what this gateway serves now
 * @param {Order | null} order null: this page may only read
 * @param {(overlay: Row) => void} save the measurements of an overlay
 */
export function overlaysPanel(status, build, order, save) {
  const overlays = rows(status.clients);
  const twins = repeated([...overlays, ...rows(status.lost)]);
  return html`${
    overlays.length === 0
      ? html`<p class="none">No overlay is connected. Copy the OBS address into a browser source of 1920 × 1080.</p>`
      : html`<ul class="things">${overlays.map((overlay) => overlayRow(overlay, build, order, twins, save))}</ul>`
  }
  ${absent("Lost", rows(status.lost), (gone) => lostRow(gone, twins))} ${absent("Refused", rows(status.refused), refusedRow)}`;
}

/** @param {string} title @param {Row[]} gone @param {(row: Row) => unknown} row */
function absent(title, gone, row) {
  if (gone.length === 0) return nothing;
  const more = gone.length - MOST;
  return html`<h3>${title}</h3><ul class="things">${gone.slice(0, MOST).map(row)}</ul>
    ${more > 0 ? html`<p class="soft">and ${count(more)} more</p>` : nothing}`;
}

/** The names that more than one overlay has. @param {Row[]} overlays */
function repeated(overlays) {
  const names = overlays.map((overlay) => word(overlay.overlay_id));
  return new Set(names.filter((name, at) => names.indexOf(name) !== at));
}

/** A name, with the number of its connection when another overlay has the same. @param {Row} overlay @param {Set<string>} twins */
function title(overlay, twins) {
  const id = word(overlay.overlay_id);
  return html`<strong>${named(id)}</strong>${twins.has(id) ? html` <span class="soft">no. ${count(overlay.number)}</span>` : nothing}`;
}

/** Where it runs: its address, and OBS or a browser. @param {Row} overlay */
function place({ address, obs }) {
  return html`<span>${word(address)}</span><span>${obs ? `OBS ${word(obs)}` : "no OBS"}</span>`;
}

/** @param {Row} overlay @param {string} build @param {Order | null} order @param {Set<string>} twins @param {(overlay: Row) => void} save */
function overlayRow(overlay, build, order, twins, save) {
  const verdict = overlayVerdict(overlay, build);
  const id = word(overlay.overlay_id);
  const button = (/** @type {string} */ name, /** @type {string} */ label) =>
    html`<button type="button" class="small" aria-label="${label} ${id}" @click=${() => order?.(name, { overlay_id: id })}>${label}</button>`;
  return html`<li data-name=${id} tabindex="-1">
    <div class="thing">${title(overlay, twins)}${lamp(verdict)}
      <span class="do">${order ? html`${button("identify", "Identify")}${button("hud", "HUD")}${button("reload", "Reload")}` : nothing}
        <button type="button" class="small" aria-label="CSV of the measurements of ${id}" @click=${() => save(overlay)}>CSV</button></span></div>
    <div class="facts">
      <span data-tone=${tone("behind_s", overlay.behind_s) || nothing}>${count(overlay.lag)} behind</span>
      <span data-tone=${fpsTone(overlay.fps) || nothing}>${decimal(overlay.fps, 0, " fps")}</span>
      <span data-tone=${tone("latency_p50_ms", overlay.latency_p50_ms) || nothing}>half within ${decimal(overlay.latency_p50_ms, 0, " ms")}</span>
      <span data-tone=${tone("latency_p95_ms", overlay.latency_p95_ms) || nothing}>95 % within ${decimal(overlay.latency_p95_ms, 0, " ms")}</span>
      ${overlay.active === true ? html`<span>on air</span>` : overlay.active === false ? html`<span>not on air</span>` : nothing}
      ${typeof overlay.receipt_age_s === "number" ? html`<span>last receipt ${ago(overlay.receipt_age_s)}</span>` : nothing}
      <span>up ${duration(overlay.connected_s)}</span>
      ${place(overlay)}
      <span>${word(overlay.build)}</span>
      ${WARNINGS.map(([name, words]) => (overlay.warnings?.includes(name) ? html`<span data-tone="warn">${words}</span>` : nothing))}
      ${overlay.quality > 0 ? html`<span data-tone="warn">quality ${count(overlay.quality)}${overlay.slowest ? `: ${word(overlay.slowest)} is slow` : ""}</span>` : nothing}
      ${overlay.dropped > 0 ? html`<span>${count(overlay.dropped)} not rendered in time</span>` : nothing}
    </div>
    ${verdict.remedy ? html`<p class="remedy">${verdict.remedy}</p>` : nothing}
  </li>`;
}

/** @param {Row} gone @param {Set<string>} twins */
function lostRow(gone, twins) {
  const verdict = goneVerdict(gone);
  return html`<li>
    <div class="thing">${title(gone, twins)}${lamp(verdict)}</div>
    <div class="facts"><span>${ago(gone.ago_s)}</span><span>was up ${duration(gone.connected_s)}</span>${place(gone)}</div>
    <p class="remedy">${clip(sentence(gone.reason))} ${verdict.remedy ?? nothing}</p>
  </li>`;
}

/** A reason of the gateway as a sentence. @param {unknown} reason */
function sentence(reason) {
  const text = word(reason);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** @param {Row} refused */
function refusedRow(refused) {
  const verdict = refusedVerdict(refused);
  const id = word(refused.overlay_id);
  return html`<li>
    <div class="thing"><strong>${named(refused.overlay_id ? id : word(refused.address))}</strong>${lamp(verdict)}</div>
    <div class="facts"><span>${ago(refused.ago_s)}</span>${refused.count > 1 ? html`<span>${count(refused.count)} times</span>` : nothing}
      ${refused.overlay_id ? html`<span>${word(refused.address)}</span>` : nothing}</div>
    <p class="remedy">${clip(sentence(refused.reason))} ${verdict.remedy}</p>
  </li>`;
}

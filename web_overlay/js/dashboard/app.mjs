// @ts-check
// The status page: asks every second, shows what it hears, and says so when it hears nothing.

import { View } from "../core/view.mjs";
import { el, text } from "../widgets/dom.mjs";
import { Alerts, worst } from "./alerts.mjs";
import { ask } from "./api.mjs";
import { DASHBOARD, emit } from "./emitter.mjs";
import { count, rows, word } from "./format.mjs";
import { SAMPLES } from "./samples.mjs";
import * as sections from "./sections.mjs";

const EVERY_MS = 1_000;

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const at = (id) => /** @type {T} */ (document.getElementById(id));

/** @param {string} id @returns {Text} a text node at the end of the element */
function line(id) {
  const node = text();
  at(id).append(node);
  return node;
}

const token = new URLSearchParams(location.hash.slice(1)).get("k") ?? "";
const view = new View();
const tables = {
  processes: sections.processes(view, at("processes")),
  overlays: sections.overlays(view, at("overlays")),
  ledger: sections.ledger(view, at("ledger")),
  quarantine: sections.quarantine(view, at("quarantine")),
};
const alerts = new Alerts(view, at("alerts"));
const lines = {
  state: line("state"),
  reasons: line("reasons"),
  log: line("log"),
  raw: line("raw"),
  story: line("story"),
  address: line("address"),
  sent: line("sent"),
};

/** @param {any} status */
function show(status) {
  const reasons = Array.isArray(status.reasons) ? status.reasons.map(String) : [];
  const standing = rows(status.alerts);
  const many = standing.length === 0 ? "" : `, ${standing.length} alert${standing.length > 1 ? "s" : ""}`;
  const tone = worst(standing);
  const state = status.ready === false ? "not ready" : word(status.supervisor?.state ?? "running");
  mark(tone === "good" && state !== "running" ? "warn" : tone, `${state}${many}`, reasons);
  document.title = standing.length === 0 ? "Framewire" : `(${standing.length}) Framewire`;
  alerts.update(standing);
  view.text(lines.log, `Critical log ${word(status.epoch).slice(0, 8)}, ${count(status.top)} events`);
  tables.processes.update(rows(status.processes));
  tables.overlays.update(rows(status.overlays ?? status.clients).filter((row) => row.build !== DASHBOARD));
  tables.ledger.update(sections.ledgerRows(status));
  view.text(lines.raw, sections.rawSentence(status));
}

/** @param {any} answer of /api/address */
function address(answer) {
  const url = typeof answer?.display_token === "string" ? `${location.origin}/overlay/#k=${answer.display_token}` : null;
  view.text(lines.address, url ?? "The command `token show display` prints the address for OBS.");
  at("copy").classList.toggle("off", url === null);
}

/** @param {"good" | "warn" | "bad"} tone @param {string} word @param {string[]} reasons */
function mark(tone, word, reasons) {
  view.attribute(at("state"), "data-tone", tone);
  view.text(lines.state, word);
  view.text(lines.reasons, reasons.join("\n"));
  view.toggle(at("reasons"), "off", reasons.length === 0);
}

async function poll() {
  try {
    const [status, secret, held] = await Promise.all([
      ask("/api/status", token),
      ask("/api/address", token),
      ask("/api/quarantine?limit=50", token).catch(() => null),
    ]);
    show(status ?? {});
    address(secret);
    tables.quarantine.update(rows(held?.quarantine ?? held?.rows ?? held));
  } catch (error) {
    mark("bad", "no answer", [error instanceof Error ? error.message : String(error)]);
  }
  view.toggle(document.body, "stale", lines.state.data === "no answer");
  view.flush();
  setTimeout(poll, EVERY_MS);
}

at("why").addEventListener("submit", async (event) => {
  event.preventDefault();
  const id = at("why-id");
  const asked = id instanceof HTMLInputElement ? id.value.trim() : "";
  if (asked === "") return;
  try {
    view.text(lines.story, sections.storyText(await ask(`/api/why?id=${encodeURIComponent(asked)}`, token)));
  } catch (error) {
    view.text(lines.story, String(error instanceof Error ? error.message : error));
  }
  view.flush();
});

at("copy").addEventListener("click", async () => {
  const done = await navigator.clipboard.writeText(lines.address.data).then(
    () => true,
    () => false, // OBS docks may not allow it; the address can still be selected
  );
  at("copy").textContent = done ? "Copied" : "Select and copy it";
  if (!done) getSelection()?.selectAllChildren(at("address"));
  setTimeout(() => (at("copy").textContent = "Copy"), 2_000);
});

for (const [label, make] of SAMPLES) {
  const button = el("button", "", text(label));
  button.type = "button";
  button.addEventListener("click", async () => {
    /** @type {string} */
    let outcome;
    try {
      const events = make();
      for (const event of events) await emit(token, { ...event, source: "dashboard" });
      outcome = `${label}: accepted`;
    } catch (error) {
      outcome = `${label}: ${error instanceof Error ? error.message : String(error)}`;
    }
    view.text(lines.sent, outcome);
    view.flush();
  });
  at("samples").append(button);
}

addEventListener("hashchange", () => location.reload());
void poll();

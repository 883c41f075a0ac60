// @ts-check
// Figures and states → a word and a tone. Pure; all limits are here.
//
//    "" (grey)  no fault     warn  check it; a remedy is shown     bad  an operator must act

import { decimal, duration, rows, word } from "./format.mjs";
import { alertsOf, sourceVerdict, waiting } from "./sources.mjs";

/** @typedef {"" | "warn" | "bad"} Tone */
/** @typedef {{tone: Tone, word: string, remedy?: string, go?: {panel: "sources" | "overlays", name: string}}} Verdict `go`: the row that has the remedy */
/** @typedef {Record<string, any>} Row */

/** Limits of warn and bad: noticeable for a viewer, and too late for an alert. */
const BUDGETS = {
  latency_p50_ms: [50, 2_000],
  latency_p95_ms: [150, 5_000],
  behind_s: [3, 60],
};
const OUR_BUILD = /^[0-9a-f]{8}$/; // other clients name their build as they like
const FPS = [24, 5]; // OBS renders sources at 24 to 60 frames/s; less is visible

/** @param {keyof typeof BUDGETS} name @param {unknown} value @returns {Tone} */
export function tone(name, value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "";
  const [warn, bad] = BUDGETS[name];
  return value >= bad ? "bad" : value >= warn ? "warn" : "";
}

/** @param {unknown} fps @returns {Tone} */
export function fpsTone(fps) {
  if (typeof fps !== "number" || !Number.isFinite(fps)) return "";
  return fps < FPS[1] ? "bad" : fps < FPS[0] ? "warn" : "";
}

/** @param {Row} overlay @param {string} build what this gateway serves now @returns {Verdict} */
export function overlayVerdict(overlay, build) {
  if (overlay.state !== "live") {
    const greeting = overlay.state === "hello" || overlay.state === "catchup";
    return { tone: "warn", word: greeting ? "catching up" : word(overlay.state).replaceAll("_", " ") };
  }
  if (overlay.condition === "stalled") {
    return { tone: "bad", word: `stalled for ${duration(overlay.behind_s)}`, remedy: "Refresh its browser source." };
  }
  if (overlay.condition === "hidden") return { tone: "", word: "hidden" };
  const behind = tone("behind_s", overlay.behind_s);
  if (behind !== "") {
    return { tone: behind, word: `behind for ${duration(overlay.behind_s)}`, remedy: "Is OBS or the computer overloaded?" };
  }
  if (build !== "" && OUR_BUILD.test(word(overlay.build)) && overlay.build !== build) {
    return { tone: "warn", word: "old page", remedy: "Reload it." };
  }
  if (fpsTone(overlay.fps) !== "" || tone("latency_p95_ms", overlay.latency_p95_ms) !== "") {
    return { tone: "warn", word: "slow", remedy: "It renders late. Is OBS or the computer overloaded?" };
  }
  return { tone: "", word: "live" };
}

/** @param {Row} gone its connection has ended @returns {Verdict} */
export function goneVerdict(gone) {
  const remedy = "Is OBS still running, and is its computer in the network?";
  return gone.closed === true ? { tone: "", word: "closed" } : { tone: "warn", word: "lost", remedy };
}

/** @type {Record<number, string>} what to do about a refusal, by close code or HTTP status */
const REMEDIES = {
  421: "Use an address that gateway.allowed_hosts permits.",
  503: "Close other overlays, or raise the limit.",
  4009: "It sent nothing in time. Is its computer overloaded? It retries.",
  4500: "Copy the OBS address again: the token was replaced.",
  4502: "Refresh its browser source: its page does not fit this version.",
  4503: "Use the OBS address, not that of the dashboard.",
  4504: "Refresh the cache of its browser source.",
};

/** @param {Row} refused @returns {Verdict} */
export function refusedVerdict(refused) {
  return { tone: "warn", word: `refused (${Number(refused.code)})`, remedy: REMEDIES[Number(refused.code)] ?? "" };
}

/** @param {Row} row a process @returns {Verdict} */
export function processVerdict(row) {
  if (row.state === "running" && row.silent === true) return { tone: "warn", word: "silent" };
  if (row.state === "running" && row.degraded === true) return { tone: "bad", word: "degraded" };
  if (row.state === "running") return { tone: "", word: "running" };
  const ended = ["failed", "dead", "given_up", "crashed", "hung"].includes(String(row.state));
  return { tone: ended ? "bad" : "warn", word: word(row.state).replaceAll("_", " ") };
}

/** @param {unknown} alerts @returns {Tone} the worst of them */
export function worst(alerts) {
  const levels = rows(alerts).map((alert) => alert.level);
  return levels.includes("critical") ? "bad" : levels.length > 0 ? "warn" : "";
}

/**
 * The one line about everything.
 * @param {any} status of /api/status
 * @param {string} build
 * @returns {Verdict}
 */
export function health(status, build) {
  const alerts = alertsOf(status);
  const [first] = alerts.filter((alert) => alert.level === "critical");
  if (first) return { tone: "bad", word: `Act now: ${word(first.name)}: ${word(first.text).replace(/\.$/, "")}.` };
  if (status.ready === false) return { tone: "warn", word: `Not ready: ${reasons(status) || "it is starting"}.` };
  const names = waiting(status);
  if (names.length > 0) {
    const verb = names.length === 1 ? "waits" : "wait";
    return { tone: "bad", word: `${names.join(", ")} ${verb} for a login.`, go: { panel: "sources", name: names[0] } };
  }
  const refused = rows(status.sources).find((source) => source.state === "refused");
  if (refused) return { tone: "bad", word: `${word(refused.name)} is refused.`, go: { panel: "sources", name: word(refused.name) } };
  if (alerts.length > 0) return { tone: "warn", word: `${word(alerts[0].name)}: ${word(alerts[0].text)}.` };
  const [listed] = rows(status.alerts);
  if (listed) {
    const [panel, name] = [word(listed.key).startsWith("overlay.") ? /** @type {const} */ ("overlays") : /** @type {const} */ ("sources"), word(listed.name)];
    const tone = listed.level === "critical" ? "bad" : "warn";
    return { tone, word: `${name}: ${word(listed.text).replace(/\.$/, "")}.`, go: { panel, name } };
  }
  const overlays = rows(status.clients);
  if (overlays.length === 0) {
    return { tone: "warn", word: "No overlay is connected.", remedy: "Copy the OBS address into a browser source." };
  }
  const bad = overlays.find((overlay) => overlayVerdict(overlay, build).tone !== "");
  if (bad) {
    const [verdict, name] = [overlayVerdict(bad, build), word(bad.overlay_id)];
    return { tone: verdict.tone, word: `Overlay ${name}: ${verdict.word}.`, go: { panel: "overlays", name } };
  }
  const quiet = rows(status.sources).find((source) => sourceVerdict(source).tone !== "");
  if (quiet) {
    const name = word(quiet.name);
    return { tone: "warn", word: `${name} is ${sourceVerdict(quiet).word}.`, go: { panel: "sources", name } };
  }
  if (reasons(status)) return { tone: "warn", word: `${reasons(status)}.` };
  return { tone: "", word: `All well: ${many(overlays, "overlay")}, ${many(rows(status.sources), "source")}, ${slowest(overlays)}.` };
}

/** @param {Row[]} things @param {string} name */
const many = (things, name) => `${things.length} ${name}${things.length === 1 ? "" : "s"}`;

/** @param {any} status */
function reasons(status) {
  return Array.isArray(status.reasons) ? status.reasons.map(String).join("; ").slice(0, 300) : "";
}

/** @param {Row[]} overlays */
function slowest(overlays) {
  const known = overlays.map((overlay) => overlay.latency_p95_ms).filter((value) => typeof value === "number");
  return known.length === 0 ? "no latency measured yet" : `95 % of events rendered within ${decimal(Math.max(...known), 0, " ms")}`;
}

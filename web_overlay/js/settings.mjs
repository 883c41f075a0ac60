// @ts-check
// Files that the page reads at its start: the texts of a language, and the user's rules for alerts, also after a change. If
// they cannot be read, the page works without texts or rules, and reports it.

import { Texts } from "./core/text.mjs";

/** @typedef {{rules: import("./core/occasions.mjs").Rule[], media: string}} Rules `media`: the version of the files */

const PATIENCE_MS = 3_000;

/**
 * @param {string} lang
 * @param {(problem: string) => void} report
 * @returns {Promise<{texts: Texts} & Rules>}
 */
export async function loadSettings(lang, report) {
  const [templates, rules] = await Promise.all([load(`/static/lang/${lang}.json`, report), loadRules(report)]);
  return { texts: new Texts(lang, templates ?? {}), ...(rules ?? { rules: [], media: "" }) };
}

/** @param {(problem: string) => void} report @returns {Promise<Rules | null>} null when they cannot be had */
export async function loadRules(report) {
  const alerts = await load("/media/alerts.json", report);
  if (alerts === null) return null;
  for (const problem of alerts.problems ?? []) report(problem);
  return { rules: alerts.rules ?? [], media: alerts.version ?? "" };
}

/** @param {string} path @param {(problem: string) => void} report @returns {Promise<any>} null when it cannot be had */
async function load(path, report) {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) return await response.json();
    report(`${path}: got ${response.status}`);
  } catch (error) {
    report(`${path}: ${error}`);
  }
  return null;
}

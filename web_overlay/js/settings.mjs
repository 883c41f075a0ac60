// @ts-check
// What the page reads once, at its start: the texts of a language, and the user's rules for alerts. A page that cannot
// have them is shown all the same, without words or rules, and says so.

import { Texts } from "./core/text.mjs";

const PATIENCE_MS = 3_000;

/**
 * @param {string} lang
 * @param {(problem: string) => void} report
 * @returns {Promise<{texts: Texts, rules: import("./core/occasions.mjs").Rule[]}>}
 */
export async function loadSettings(lang, report) {
  const [templates, alerts] = await Promise.all([
    load(`/static/lang/${lang}.json`, report),
    load("/media/alerts.json", report),
  ]);
  for (const problem of alerts?.problems ?? []) report(problem);
  return { texts: new Texts(lang, templates ?? {}), rules: alerts?.rules ?? [] };
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

// @ts-check
// Numbers as text. An unknown value is a dash, never a zero.

export const UNKNOWN = "–";

/** @param {unknown} value @returns {string} with narrow spaces between thousands */
export function count(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return UNKNOWN;
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** @param {unknown} value @param {number} [digits] @param {string} [unit] */
export function decimal(value, digits = 1, unit = "") {
  return typeof value === "number" && Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : UNKNOWN;
}

/** @param {unknown} part of one */
export function share(part) {
  return typeof part === "number" ? decimal(part * 100, 1, " %") : UNKNOWN;
}

/** @param {unknown} bytes in steps of 1000, as alerts and `status` say it */
export function size(bytes) {
  if (typeof bytes !== "number" || !Number.isFinite(bytes)) return UNKNOWN;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** @param {unknown} seconds @returns {string} the two largest units */
export function duration(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds < 0) return UNKNOWN;
  const s = Math.floor(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3_600)} h`;
}

/** @param {unknown} ts_ms since 1970 @returns {string} local time with milliseconds */
export function time(ts_ms) {
  if (typeof ts_ms !== "number" || !Number.isFinite(ts_ms) || ts_ms <= 0) return UNKNOWN;
  const date = new Date(ts_ms);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** @param {unknown} value @returns {string} */
export function word(value) {
  return value === null || value === undefined || value === "" ? UNKNOWN : String(value);
}

/** @param {unknown} value @returns {Record<string, any>[]} only the objects of a list; nothing of anything else */
export function rows(value) {
  return Array.isArray(value) ? value.filter((row) => row !== null && typeof row === "object") : [];
}

/** @param {unknown} seconds @returns {string} */
export function ago(seconds) {
  return typeof seconds === "number" ? `${duration(seconds)} ago` : "never";
}

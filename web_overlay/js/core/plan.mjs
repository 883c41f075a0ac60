// @ts-check
// What a change of settings does: the answer of the gateway, and the change as lines of a configuration file. Pure.

/** @typedef {{key: string, before: unknown, after: unknown}} Change */
/** @typedef {{changes: Change[], restarted: string[], started: string[], stopped: string[]}} Plan */

/** @param {any} raw a result @returns {Plan | null} null of another command */
export function readPlan(raw) {
  if (!Array.isArray(raw.changes)) return null;
  const names = (/** @type {unknown} */ value) => (Array.isArray(value) ? value.map(String) : []);
  return {
    changes: raw.changes.map((/** @type {any} */ one) => ({ key: String(one?.key), before: one?.before, after: one?.after })),
    restarted: names(raw.restarted),
    started: names(raw.started),
    stopped: names(raw.stopped),
  };
}

/** @param {Plan} plan @param {boolean} done it was applied @returns {string} */
export function consequence({ restarted, started, stopped }, done) {
  const parts = /** @type {[string, string[]][]} */ ([
    [done ? "Restarted" : "Restarts", restarted],
    [done ? "Started" : "Starts", started],
    [done ? "Stopped" : "Stops", stopped],
  ])
    .filter(([, names]) => names.length > 0)
    .map(([verb, names]) => `${verb} ${names.join(", ")}.`);
  return parts.length > 0 ? parts.join(" ") : done ? "No process was restarted." : "Applies at once; no process is restarted.";
}

/** The same changes for the configuration file. @param {Change[]} changes @returns {string} */
export function asFile(changes) {
  /** @type {Map<string, string[]>} */
  const sections = new Map();
  for (const { key, after } of changes) {
    const dot = key.lastIndexOf(".");
    const section = dot < 0 ? "" : key.slice(0, dot);
    sections.set(section, [...(sections.get(section) ?? []), `${key.slice(dot + 1)} = ${JSON.stringify(after)}`]);
  }
  // A key without a section must stand before the first section.
  const order = [...sections].sort(([one], [other]) => Number(one !== "") - Number(other !== ""));
  return order.map(([section, lines]) => [...(section === "" ? [] : [`[${section}]`]), ...lines].join("\n")).join("\n\n");
}

/**
 * A value from the text of a field.
 * @param {string} kind of the row
 * @param {string} text
 * @returns {unknown}
 * @throws {Error} with what came and what was expected
 */
export function valueOf(kind, text) {
  if (kind === "bool") return text === "true";
  if (kind === "list") return text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (kind !== "number") return text;
  const value = Number(text.replaceAll("_", "").trim());
  if (text.trim() === "" || !Number.isFinite(value)) throw new Error(`${JSON.stringify(text)} is not a number`);
  return value;
}

/** The text of a field with this value. @param {unknown} value */
export function textOf(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.every((one) => typeof one === "string") ? value.join("\n") : JSON.stringify(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// @ts-check
// The page's address → options. An invalid value is reported, and its default is used.

/** @typedef {ReturnType<typeof readParams>["options"]} Options */

/**
 * Returns undefined for a wrong value. `values`, or `low` and `high`, say what is right, for the form of the studio.
 * @typedef {((value: string) => unknown) & {values?: string[], low?: number, high?: number}} Reader
 */

/** @type {Record<string, Reader>} */
export const PARAMS = {
  overlay_id: (value) => (/^[A-Za-z0-9._-]{1,64}$/.test(value) ? value : undefined),
  on_reload: onReload(),
  format: oneOf("msgpack", "json"),
  transport: oneOf("ws", "sse", "poll"),
  worker: oneOf("0", "1"),
  hud: oneOf("0", "1"),
  journal: oneOf("0", "1"),
  safe: oneOf("0", "1"),
  lang: oneOf("en", "de", "es", "pt"),
  mute: oneOf("0", "1"),
  volume: range(0, 100),
  theme: (value) => (/^[a-z0-9][a-z0-9_-]{0,31}$/.test(value) ? value : undefined),
  design: oneOf("0", "1"),
  preview: oneOf("0", "1"),
  motion: oneOf("auto", "full", "reduced"),
  quality: oneOf("auto", "0", "1", "2", "3"),
  scale: range(0.25, 4),
  goal(value) {
    const [, kind, start, target] = /^(follow|subscription|cheer|tip):(\d{1,9}):([1-9]\d{0,8})$/.exec(value) ?? [];
    return kind === undefined ? undefined : { kind, start: Number(start), target: Number(target) };
  },
  kills: range(1, 12),
  chat: range(1, 20),
  ttl: range(0, 3_600),
  bg: (value) => (/^(checker|black|white|game|#?[0-9a-f]{6})$/i.test(value) ? value.toLowerCase() : undefined),
  player: (value) => (value.length > 0 && value.length <= 64 ? value : undefined),
  scene: (value) => (/^[A-Za-z0-9_-]{1,32}$/.test(value) ? value : undefined),
  widgets(value) {
    const names = value.split(",");
    return names.every((name) => /^[a-z][a-z0-9_-]{0,31}$/.test(name)) ? names : undefined;
  },
};

/**
 * @param {string} search `location.search`
 * @param {string} hash `location.hash`, which carries the token and never reaches a server
 */
export function readParams(search, hash) {
  /** @type {string[]} */
  const problems = [];
  /** @type {Record<string, any>} */
  const read = {};
  // A query that was pasted behind the token counts as well: `#k=TOKEN?overlay_id=main`.
  const behind = new URLSearchParams(hash.replace(/^#/, "").replace("?", "&"));
  const token = behind.get("k") ?? "";
  behind.delete("k");
  for (const [name, value] of [...new URLSearchParams(search), ...behind]) {
    const reader = Object.hasOwn(PARAMS, name) ? PARAMS[name] : undefined;
    const result = reader?.(value);
    if (reader === undefined) problems.push(`?${name.slice(0, 40)} is not a parameter of the overlay`);
    else if (result === undefined) problems.push(`?${name}=${value.slice(0, 40)} is not allowed; the default is used`);
    else read[name] = result;
  }
  const options = {
    token,
    overlayId: /** @type {string | null} */ (read.overlay_id ?? null),
    resume: read.on_reload !== "live",
    replay: Number(/^replay:(\d+)$/.exec(read.on_reload ?? "")?.[1] ?? 0),
    format: /** @type {string} */ (read.format ?? "msgpack"),
    transport: /** @type {import("./ladder.mjs").Kind | null} */ (read.transport ?? null),
    worker: /** @type {"0" | "1" | null} */ (read.worker ?? null),
    hud: read.hud === "1",
    journal: read.journal === "1",
    safe: read.safe === "1",
    lang: /** @type {string} */ (read.lang ?? "en"),
    mute: read.mute === "1",
    volume: /** @type {number} */ (read.volume ?? 100) / 100, // 0 to 1
    theme: /** @type {string} */ (read.theme ?? "broadcast"),
    design: read.design === "1",
    preview: read.preview === "1",
    motion: /** @type {string} */ (read.motion ?? "auto"),
    quality: /** @type {number | null} */ (read.quality === undefined || read.quality === "auto" ? null : Number(read.quality)),
    scale: /** @type {number} */ (read.scale ?? 1),
    goal: /** @type {{kind: string, start: number, target: number} | null} */ (read.goal ?? null),
    kills: Math.round(read.kills ?? 6),
    chat: Math.round(read.chat ?? 8),
    ttl_ms: read.ttl === 0 ? Infinity : 1_000 * (read.ttl ?? 60),
    bg: /** @type {string} */ (read.bg ?? ""),
    player: /** @type {string} */ (read.player ?? "").toLowerCase(),
    scene: /** @type {string | null} */ (read.scene ?? null),
    widgets: /** @type {string[] | null} */ (read.widgets ?? null),
  };
  return { options, problems };
}

/** `replay:N`: the last N critical events are shown again; the form of the studio offers some. */
function onReload() {
  const read = (/** @type {string} */ value) => (/^(resume|live|replay:([1-9]\d?|100))$/.test(value) ? value : undefined);
  return Object.assign(read, { values: ["resume", "live", "replay:1", "replay:5", "replay:20"] });
}

/** @param {...string} words */
function oneOf(...words) {
  const read = (/** @type {string} */ value) => (words.includes(value) ? value : undefined);
  return Object.assign(read, { values: words });
}

/** @param {number} low @param {number} high */
function range(low, high) {
  const read = (/** @type {string} */ value) => {
    const number = Number(value);
    return value.trim() !== "" && number >= low && number <= high ? number : undefined;
  };
  return Object.assign(read, { low, high });
}

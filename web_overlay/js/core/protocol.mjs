// @ts-check
// docs/wire.md as code: raw objects of both formats → messages with long names. Only this module uses the short names.

import { readPlan } from "./plan.mjs";

/** @typedef {import("./types.mjs").Event} Event */
/** @typedef {import("./types.mjs").Message} Message */
/** @typedef {import("./types.mjs").Place} Place */

const WIRE_VERSION = 2;

/** A message that does not follow docs/wire.md. */
export class BadMessage extends Error {}

/**
 * @param {any} raw
 * @returns {Event}
 */
export function readEvent(raw) {
  if (raw === null || typeof raw !== "object") throw new BadMessage(`got ${typeof raw}, expected an event`);
  const short = raw.y !== undefined;
  const type = short ? raw.y : raw.type;
  const id = short ? raw.i : raw.id;
  if (typeof type !== "string" || typeof id !== "string") throw new BadMessage("an event lacks its id or its type");
  // The server has validated the payload; a type that this version does not know is given to no widget.
  return /** @type {Event} */ ({
    id,
    type,
    category: (short ? raw.c : raw.category) ?? "normal",
    priority: number((short ? raw.p : raw.priority) ?? 0),
    ts_source_ms: (short ? raw.s : raw.ts_source_ms) ?? null,
    ts_ingest_ms: number((short ? raw.n : raw.ts_ingest_ms) ?? 0),
    ttl_ms: number((short ? raw.l : raw.ttl_ms) ?? 0),
    coalesce_key: (short ? raw.o : raw.coalesce_key) ?? null,
    source: (short ? raw.r : raw.source) ?? "",
    payload: (short ? raw.b : raw.payload) ?? {},
    count: number((short ? raw.x : raw.count) ?? 1),
    position: number((short ? raw.g : raw.position) ?? 0),
  });
}

/**
 * @param {any} raw
 * @returns {Message} `{t: "unknown"}` for a kind of message that this version does not know
 * @throws {BadMessage}
 */
export function readMessage(raw) {
  if (raw === null || typeof raw !== "object") throw new BadMessage(`got ${typeof raw}, expected an object`);
  switch (raw.t) {
    case "frame":
      return readFrame(raw);
    case "welcome":
      return {
        t: "welcome",
        epoch: String(raw.epoch),
        ...{ top: number(raw.top), position: number(raw.position) },
        ...{ mode: raw.mode === "resume" ? "resume" : "snapshot", recovered: raw.recovered !== false },
        missed: Array.isArray(raw.missed) ? [number(raw.missed[0]), number(raw.missed[1])] : null,
        ...{ heartbeat_ms: number(raw.heartbeat_ms ?? 2000), receipt_ms: number(raw.receipt_ms ?? 100) },
        build: String(raw.build ?? ""),
        server_ts_ms: number(raw.server_ts_ms),
        scheduler: raw.flags?.js_scheduler_v2 !== false,
        layout: raw.layout === undefined ? undefined : readNews(raw.layout, raw.layout_error),
        state: list(raw.state).map(readEvent),
      };
    case "heartbeat":
      return { t: "heartbeat", top: number(raw.top), server_ts_ms: number(raw.server_ts_ms) };
    case "pong":
      return { t: "pong", client_ts_ms: number(raw.client_ts_ms), server_ts_ms: number(raw.server_ts_ms) };
    case "result":
      return {
        t: "result",
        id: String(raw.id),
        ok: raw.ok === true,
        error: String(raw.error ?? ""),
        ...{ accepted: number(raw.accepted ?? 0), reached: number(raw.reached ?? 0) },
        ...{ text: String(raw.text ?? ""), answered: raw.answered === true, type: String(raw.type ?? "") },
        plan: readPlan(raw),
      };
    case "layout":
      return readNews(raw.layout, raw.error);
    case "flags":
      return { t: "flags", scheduler: raw.js_scheduler_v2 !== false };
    case "alerts":
      return { t: "alerts" };
    case "identify":
      return { t: "identify", for_ms: number(raw.for_ms ?? 3000) };
    case "hud":
      return { t: "hud", on: typeof raw.on === "boolean" ? raw.on : null };
    case "reload":
      return { t: "refresh" }; // "reload" is what a page does with another version, and only once
  }
  return { t: "unknown" };
}

/** @param {unknown} layout @param {unknown} error @returns {import("./types.mjs").LayoutNews} */
function readNews(layout, error) {
  return { t: "layout", layout: layout ?? null, error: String(error ?? "").slice(0, 300) };
}

/** @param {any} raw @returns {import("./types.mjs").Frame} */
function readFrame(raw) {
  const short = raw.b !== undefined || raw.e !== undefined;
  return {
    t: "frame",
    epoch: String(short ? raw.e : raw.epoch),
    seq: number((short ? raw.s : raw.seq) ?? 0),
    tick_ts_ms: number((short ? raw.k : raw.tick_ts_ms) ?? 0),
    first: number((short ? raw.a : raw.first) ?? 0),
    last: number((short ? raw.z : raw.last) ?? 0),
    top: number((short ? raw.p : raw.top) ?? 0),
    replay: (short ? raw.r : raw.replay) === true,
    events: list(short ? raw.b : raw.events).map(readEvent),
  };
}

/**
 * @param {{resume: Place | null} & import("./types.mjs").Who} who
 * @returns {Record<string, unknown>}
 */
export function hello(who) {
  return {
    t: "hello",
    version: WIRE_VERSION,
    token: who.token,
    overlay_id: who.overlayId,
    resume: who.resume === null ? null : { epoch: who.resume.epoch, position: who.resume.position },
    format: who.format,
    types: who.types ?? null,
    role: who.role ?? "overlay",
    build: who.build,
    ...(who.obs ? { obs: who.obs } : {}),
    ...(who.positions ? { positions: true } : {}),
    ...(who.visible ? { visible: who.visible() } : {}),
  };
}

/** @param {unknown} value @returns {number} */
function number(value) {
  if (Number.isFinite(value)) return /** @type {number} */ (value);
  if (typeof value === "bigint") return Number(value);
  throw new BadMessage(`got ${String(value).slice(0, 40)}, expected a number`);
}

/** @param {unknown} value @returns {unknown[]} */
function list(value) {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new BadMessage(`got ${typeof value}, expected a list`);
}

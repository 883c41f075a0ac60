// @ts-check
// The shapes that modules hand to each other. Types only: nothing loads this file at run time.

/**
 * One thing that happened (docs/wire.md, "An event"), with long names whatever the format on the wire.
 * @typedef {object} Event
 * @property {string} id
 * @property {string} type
 * @property {string} category critical, normal, cosmetic or state
 * @property {number} priority 0 to 9
 * @property {number | null} ts_source_ms
 * @property {number} ts_ingest_ms when Framewire received it, ms since 1970 by the server's clock
 * @property {number} ttl_ms 0 is for ever
 * @property {string | null} coalesce_key
 * @property {string} source
 * @property {any} payload what its type describes; validated by the server, still untrusted text
 * @property {number} count how many events it stands for
 * @property {number} position place in the critical log; 0 for what is not logged
 */

/**
 * @typedef {object} Frame
 * @property {"frame"} t
 * @property {string} epoch
 * @property {number} seq
 * @property {number} tick_ts_ms
 * @property {number} first 0 when it covers no critical positions
 * @property {number} last
 * @property {number} top
 * @property {boolean} replay
 * @property {Event[]} events
 */

/**
 * @typedef {object} Welcome
 * @property {"welcome"} t
 * @property {string} epoch
 * @property {number} top
 * @property {number} position the next critical event has this plus one
 * @property {"resume" | "snapshot"} mode
 * @property {boolean} recovered
 * @property {[number, number] | null} missed
 * @property {number} heartbeat_ms
 * @property {number} receipt_ms the shortest pause between two receipts
 * @property {number} server_ts_ms
 * @property {Event[]} state
 */

/** @typedef {{t: "heartbeat", top: number, server_ts_ms: number}} Heartbeat */
/** @typedef {{t: "pong", client_ts_ms: number, server_ts_ms: number}} Pong */
/** @typedef {{t: "result", id: string, ok: boolean, error: string}} Result */
/** @typedef {Frame | Welcome | Heartbeat | Pong | Result | {t: "unknown"}} Message */

/** @typedef {{epoch: string, position: number}} Place a position means nothing without its epoch */

/**
 * What the session tells the page to do.
 * @typedef {{do: "connect"}
 *   | {do: "send", message: Record<string, unknown>}
 *   | {do: "close"}
 *   | {do: "reload"}
 *   | {do: "stopped", code: number, reason: string}
 *   | {do: "place", epoch: string, position: number, jump: boolean}
 *   | {do: "state", events: Event[]}
 *   | {do: "events", events: Event[], replay: boolean}
 *   | {do: "clock", message: Pong | Welcome}
 *   | {do: "missed", from: number, to: number}
 * } Action
 */

/**
 * A part of the picture. `apply` changes the model only; `frame` writes it to the view, once per frame.
 * @typedef {object} Widget
 * @property {string} name what toggles and `?widgets=` call it
 * @property {readonly string[]} types the events it wants
 * @property {HTMLElement} root
 * @property {(event: Event, moment: Moment) => void} apply
 * @property {(now: number) => number} frame returns when it needs its next frame: a time of the same clock, or Infinity
 */

/**
 * @typedef {object} Moment
 * @property {number} now monotonic, ms
 * @property {boolean} late replayed, over its time, or held back by a hidden page: show in brief, without animation
 */

export {};

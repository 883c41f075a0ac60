// @ts-check
// Types that modules share. This file is not loaded at run time.

/** @typedef {import("./events.js").Event} Event one interface per type: narrow by `event.type` */

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
 * @property {string} build of the pages that the gateway serves; "" from a gateway that does not say
 * @property {boolean} scheduler the flag js_scheduler_v2
 * @property {LayoutNews} [layout] missing from a gateway that knows no layouts
 * @property {Event[]} state
 */

/** @typedef {{t: "heartbeat", top: number, server_ts_ms: number}} Heartbeat */
/** @typedef {{t: "pong", client_ts_ms: number, server_ts_ms: number}} Pong */
/** @typedef {{t: "result", id: string, ok: boolean, error: string, accepted: number, reached: number, text: string, answered: boolean, type: string, plan: import("./plan.mjs").Plan | null}} Result */
/** @typedef {{t: "identify", for_ms: number} | {t: "hud", on: boolean | null} | {t: "refresh"}} Order `on` null: the other state */
/** @typedef {{t: "layout", layout: unknown, error: string}} LayoutNews not looked at yet; `error`: why it is an older one */
/** @typedef {{t: "alerts"}} AlertsChanged */
/** @typedef {{t: "flags", scheduler: boolean}} Flags */
/** @typedef {Order | AlertsChanged | Flags | Result | LayoutNews} Told */
/** @typedef {import("./positions.mjs").Positions} Positions */
/** @typedef {Frame | Welcome | Heartbeat | Pong | Told | {t: "unknown"}} Message */

/** `received` by the clock of the page; `tick_ms`: when the server made the frame, by its clock; `origin`: of what events are a part.
 * @typedef {{received: number, tick_ms: number, origin: "live" | "replay" | "welcome"}} Arrival */

/** @typedef {{epoch: string, position: number}} Place a position means nothing without its epoch */

/**
 * Actions that the session requests from the page.
 * @typedef {{do: "connect", transport: import("./ladder.mjs").Kind}
 *   | {do: "probe"}
 *   | {do: "send", message: Record<string, unknown>}
 *   | {do: "close"}
 *   | {do: "reload"}
 *   | {do: "told", message: Told}
 *   | {do: "stopped", code: number, reason: string}
 *   | {do: "place", epoch: string, position: number, jump: boolean}
 *   | {do: "state", events: Event[]}
 *   | {do: "events", events: Event[], replay: boolean, tick_ms: number}
 *   | {do: "clock", message: Pong | Welcome, at: number}
 *   | {do: "positions", message: Positions}
 *   | {do: "missed", from: number, to: number}
 * } Action
 */

/**
 * What the module of a widget exports as `widget`. js/widgets/all.mjs lists them; the editor shows what is listed there.
 * @typedef {object} WidgetKind
 * @property {string} name lower case; the name in layouts, `toggle` events and `?widgets=`
 * @property {string} title the title in the studio
 * @property {readonly import("./events.js").EventType[]} types the events that it receives
 * @property {DefaultBox} box the default box on a stage of 1920 × 1080
 * @property {DefaultBox} [upright] the same on a stage of 1080 × 1920
 * @property {readonly string[]} [samples] types of the test events that fill it in the editor; without it the first of `types`
 * @property {(stage: import("../widgets/dom.mjs").Stage, root: HTMLElement) => Widget} load `root` is its section
 */

/**
 * A part of the picture; docs/layout.md compares the names with those of OGraf. `updateAction` is given events of the
 * widget's types, and changes the model only. `frame` writes it to the view, once per frame, and returns when it needs its
 * next frame: a time of the same clock, or Infinity. `resize` tells the room inside the section, before the first frame and
 * after each change; `locate` is given packed positions, and returns whether a frame is needed for them; `cap`, how much of
 * what it could show it should (1 or less). `dispose`: it is removed, as only custom widgets are (guard.mjs).
 * @typedef {{
 *   updateAction(event: Event, moment: Moment): void,
 *   frame(now: number): number,
 *   dispose?(): void,
 *   endTests?(now: number): void,
 *   resize?(size: Size, anchor: Anchor): void,
 *   cap?(share: number): void,
 *   locate?(positions: Positions): boolean,
 * }} Widget
 */

/** What the engine drives. @typedef {{name: string, types: readonly string[], root: HTMLElement, widget: Widget}} Part */

/** @typedef {{width: number, height: number}} Size in hundredths of 1rem: pixels of a stage whose shorter side is 1080 */
/** @typedef {typeof import("./layout.mjs").ANCHORS[number]} Anchor */

/**
 * Where a widget is. The unit is the pixel of a stage of 1920 × 1080 (upright: 1080 × 1920).
 * @typedef {object} Box
 * @property {number} x left edge
 * @property {number} y top edge
 * @property {number} width
 * @property {number} height
 * @property {Anchor} anchor the point that keeps its share of the stage on a canvas of another shape; content is aligned to it
 * @property {number} scale size of the content; the box stays as large as it is
 * @property {number} order a higher one is in front
 * @property {boolean} visible
 */

/** @typedef {Pick<Box, "x" | "y" | "width" | "height" | "anchor"> & Partial<Box>} DefaultBox */

/** What a layout changes of the default boxes. @typedef {Record<string, Partial<Box>>} Changes */

/**
 * docs/layout.md. `scenes` come on top of `widgets` and `upright`.
 * @typedef {object} Layout
 * @property {number} version
 * @property {string} name
 * @property {Changes} widgets
 * @property {Changes} upright
 * @property {Record<string, {widgets: Changes, upright: Changes}>} scenes
 */

/**
 * @typedef {object} Moment
 * @property {number} now monotonic, ms
 * @property {boolean} late replayed, over its time, or held back by a hidden page: show in brief, without animation
 */
/**
 * @typedef {object} Who
 * @property {string} token
 * @property {string} overlayId
 * @property {string} format
 * @property {string} build
 * @property {string[] | null} [types]
 * @property {"overlay" | "dashboard"} [role]
 * @property {boolean} [positions] whether packed positions are wanted
 * @property {string} [obs] the version of OBS that shows the page
 * @property {() => boolean} [visible] given by a page that answers every frame with a receipt
 */

export {};

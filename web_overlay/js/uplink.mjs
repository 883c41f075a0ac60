// @ts-check
// The page's side of the connection to the gateway. The connection (core/connection.mjs) runs in a worker, where a browser does
// not slow down the timers of a hidden page. Without a worker the same code runs in the main thread.

import { Connection, misunderstood, unpack } from "./core/connection.mjs";
import { ROOM } from "./core/pending.mjs";
import { leave } from "./core/requests.mjs";

/** @typedef {import("./core/connection.mjs").Status} Status */
/** @typedef {Omit<import("./core/connection.mjs").Start, "visible" | "room">} Options */

const PATIENCE_MS = 3_000; // for the start of the worker
const GRANT = 1_000; // critical events: fewer would be a message to the worker in each frame

/** @type {Status} */
const BEFORE = {
  ...{ state: "waiting", epoch: "", position: 0, top: 0, held: false, connects: 0, transport: "ws", session: "" },
  cursor: { gaps: 0, duplicates: 0, held: 0, missed: 0 },
};

export class Uplink {
  /**
   * @param {object} page
   * @param {"0" | "1" | null} page.worker no worker; a worker, however long it takes to start; a worker that starts in time
   * @param {() => number} page.now
   * @param {() => boolean} page.visible
   * @param {(action: import("./core/types.mjs").Action) => void} page.act
   * @param {() => void} page.wake requests a frame
   * @param {(ms: number) => void} page.spent how long a message took in the main thread
   * @param {(problem: string) => void} page.report
   * @param {() => Worker} [make]
   * @param {(run: () => void, ms: number) => unknown} [setTimer]
   */
  constructor(page, make = makeWorker, setTimer = setTimeout) {
    this.page = page;
    this.status = BEFORE;
    this.thread = "main thread";
    /** @type {Pick<Connection, "start" | "obey"> | null} in this thread */
    this.local = null;
    /** @type {Worker | null} */
    this.worker = null;
    this.ready = false; // the worker has loaded its modules
    /** @type {{options: Options, engine: import("./core/engine.mjs").Engine} | null} */
    this.started = null;
    this.granted = 0; // critical events that were drawn before the last grant of room
    if (page.worker !== "0") this.employ(make, setTimer);
  }

  /** @param {() => Worker} make @param {(run: () => void, ms: number) => unknown} setTimer */
  employ(make, setTimer) {
    this.thread = "worker";
    try {
      this.worker = make();
    } catch (error) {
      this.giveUp(String(error));
      return;
    }
    const { worker } = this;
    const only = (/** @type {() => void} */ run) => this.worker === worker && run();
    worker.onmessage = ({ data }) => only(() => this.hear(data));
    worker.onerror = ({ message }) => only(() => this.giveUp(message ?? "its file could not be loaded"));
    const late = () => this.ready || this.giveUp(`it has not started within ${PATIENCE_MS} ms`);
    if (this.page.worker === null) setTimer(() => only(late), PATIENCE_MS);
    // A worker is not told that its page is closed.
    globalThis.addEventListener?.("pagehide", () => only(() => leave(location.origin, this.status.session)));
  }

  /** Go on in this thread, after the last event that the page received. @param {string} reason */
  giveUp(reason) {
    this.worker?.terminate();
    this.worker = null;
    this.thread = "main thread (the worker failed)";
    this.page.report(`the connection runs in the main thread, because the worker failed: ${reason}`);
    if (this.started !== null) this.open();
  }

  /** The page can take events. @param {Options} options @param {import("./core/engine.mjs").Engine} engine */
  start(options, engine) {
    this.started = { options, engine };
    if (this.worker === null || this.ready) this.open();
  }

  open() {
    if (this.started === null) return;
    const { options, engine } = this.started;
    const { epoch, position } = this.status;
    const resume = epoch === "" ? options.resume : { epoch, position };
    const start = { ...options, resume, visible: this.page.visible(), room: ROOM - engine.pending };
    this.granted = engine.counters.critical;
    if (this.worker !== null) {
      this.worker.postMessage({ t: "start", start, time_origin_ms: performance.timeOrigin });
      return;
    }
    this.local = this.connect(start);
    this.local.start();
  }

  /** @param {import("./core/connection.mjs").Start} start @returns {Pick<Connection, "start" | "obey">} in this thread */
  connect(start) {
    return new Connection(start, {
      ...{ now: this.page.now, random: Math.random, spent: this.page.spent, warn: misunderstood },
      post: ({ actions, status }) => this.take(actions, status),
    });
  }

  /** @param {string | ArrayBuffer} data from the worker */
  hear(data) {
    if (data === "ready") {
      this.ready = true;
      this.open();
      return;
    }
    const begin = this.page.now();
    const { actions, status } = unpack(data);
    this.take(actions, status ?? this.status);
    this.page.spent(this.page.now() - begin);
  }

  /** @param {import("./core/types.mjs").Action[]} actions @param {Status} status */
  take(actions, status) {
    this.status = status;
    for (const action of actions) this.page.act(action);
    if (status.held) this.page.wake(); // a frame grants the room
  }

  /** @param {import("./core/connection.mjs").Order} order */
  tell(order) {
    if (this.worker === null) this.local?.obey(order);
    else if (this.ready) this.worker.postMessage(order);
  }

  /** A frame was committed: grant room for as many critical events as it drew. */
  framed() {
    if (this.started === null) return;
    const { waiting, counters } = this.started.engine;
    const more = counters.critical - this.granted;
    const empty = waiting === 0;
    if (more < GRANT && !(this.status.held && empty)) return;
    this.granted += more;
    this.tell({ t: "room", more, empty });
  }
}

function makeWorker() {
  const url = new URL("./worker.mjs", import.meta.url).href;
  /** @type {any} the pages of the gateway require trusted types */
  const types = /** @type {any} */ (globalThis).trustedTypes;
  const trusted = types?.createPolicy("framewire-worker", { createScriptURL: () => url }).createScriptURL("") ?? url;
  return new Worker(trusted, { type: "module", name: "framewire" });
}

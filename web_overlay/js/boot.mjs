// @ts-check
// Wires the page: address → options → widgets, engine, session, link; then it only passes on.

import { pageClock } from "./core/clock.mjs";
import { Engine } from "./core/engine.mjs";
import { Journal } from "./core/journal.mjs";
import { Link } from "./core/link.mjs";
import { readParams } from "./core/params.mjs";
import { Record } from "./core/record.mjs";
import { Scheduler } from "./core/scheduler.mjs";
import { Session } from "./core/session.mjs";
import { View } from "./core/view.mjs";
import { figures, hudFigures, status } from "./figures.mjs";
import { showName } from "./identify.mjs";
import { showNotice, stopped } from "./notice.mjs";
import { Hud } from "./perf/hud.mjs";
import { firstReload, forgetReload, loadPlace, overlayId } from "./place.mjs";
import { Reporter } from "./report.mjs";
import { Arrangement } from "./stage.mjs";
import { BUILD } from "./version.mjs";
import { WIDGETS } from "./widgets/all.mjs";
import { Toggles } from "./widgets/toggles.mjs";

/** @param {string} id @returns {HTMLElement} */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const { options, problems } = readParams(location.search, location.hash);
const id = overlayId(options.overlayId);
const still =
  options.motion === "reduced" || (options.motion === "auto" && matchMedia("(prefers-reduced-motion: reduce)").matches);
document.body.classList.toggle("still", still);
at("safe").classList.toggle("off", !options.safe);
const clock = pageClock();
const view = new View();
const stage = { view, options, still };
const arrangement = new Arrangement(stage, at("stage"), WIDGETS, () => scheduler.request());
problems.push(...arrangement.problems);
for (const problem of problems) console.warn(`framewire: ${problem}`);
/** @type {Hud} */
const hud = new Hud(
  view,
  at("hud"),
  () => hudFigures(page),
  clock.now,
  () => scheduler.request(),
);
const toggles = {
  types: ["toggle"],
  widget: new Toggles(stage, at("stage"), arrangement.parts, (on) => hud.show(on)),
};
/** @type {Engine} */
const engine = new Engine({
  clock,
  view,
  parts: [...arrangement.parts, toggles, { types: [], widget: hud }],
  record: new Record(clock, options.journal ? new Journal() : null),
  drawn: (epoch, position) => reporter.receipts.drawn(epoch, position),
});
const scheduler = new Scheduler({ draw, now: clock.now });
const session = new Session({
  who: { token: options.token, overlayId: id, format: options.format, build: BUILD },
  resume: options.resume ? loadPlace(id) : null,
  random: Math.random,
  room: () => engine.room(),
});
const link = new Link({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
  session,
  now: clock.now,
  act,
  warn: (error) => console.warn("framewire: a message was not understood", error),
});
const reporter = new Reporter({
  overlayId: id,
  session,
  send: (message) => link.send(message),
  figures: () => figures(page),
  now: clock.now,
});
/** @type {import("./figures.mjs").Page} */
const page = { id, engine, scheduler, session, view, hud, receipts: reporter.receipts, problems };

/** @param {number} now @returns {number} */
function draw(now) {
  const wake = engine.frame(now);
  if (session.cursor.held && engine.waiting === 0) {
    session.roomy(now);
    link.settle();
  }
  reporter.framed();
  return wake;
}

/** @param {import("./core/types.mjs").Action} action */
function act(action) {
  if (action.do === "events") engine.receive(action.events, action.replay);
  else if (action.do === "state") engine.snapshot(action.events);
  else if (action.do === "place") engine.place(action.epoch, action.position);
  else {
    tell(action);
    return; // nothing to draw: a pong must not wake the page
  }
  scheduler.request();
}

/** @param {import("./core/types.mjs").Action} action */
function tell(action) {
  if (action.do === "clock") learn(action.message);
  else if (action.do === "missed") problems.push(`events ${action.from} to ${action.to} are no longer in the log`);
  else if (action.do === "reload" && firstReload()) location.reload();
  else if (action.do === "reload") stop(4504, "");
  else if (action.do === "stopped") stop(action.code, action.reason);
  else if (action.do !== "told") return;
  else if (action.message.t === "refresh") location.reload();
  else if (action.message.t === "identify") showName(at("identify"), id, action.message.for_ms);
}

/** @param {import("./core/types.mjs").Pong | import("./core/types.mjs").Welcome} message */
function learn(message) {
  if (message.t === "pong") {
    clock.learn(message.client_ts_ms, clock.now(), message.server_ts_ms);
    return;
  }
  if (!clock.measured) clock.offset_ms = message.server_ts_ms - clock.now();
  reporter.receipts.greeted(message.receipt_ms);
  forgetReload();
}

/** @param {number} code @param {string} reason */
function stop(code, reason) {
  const notice = stopped(code, options.token === "", reason);
  console.error(`framewire: ${notice.title} (${notice.code})`);
  showNotice(at("notice"), notice);
}

Object.assign(globalThis, { framewire: { journal: engine.record.journal?.lines ?? null, status: () => status(page) } });
addEventListener("keydown", (event) => {
  if (event.key !== "F3") return;
  event.preventDefault();
  hud.show(!hud.on);
});
addEventListener("pagehide", () => reporter.keep());
// OBS navigates to an address that differs only after the # without loading the page: a new token would do nothing.
addEventListener("hashchange", () => location.reload());
arrangement.follow(matchMedia("(max-aspect-ratio: 1/1)"));
if (options.hud) hud.show(true);
link.start();

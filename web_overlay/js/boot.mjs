// @ts-check
// Connects the parts of the page: address → options → widgets, engine, connection.

import { Adapter } from "./adapt.mjs";
import { isNear } from "./core/backoff.mjs";
import { pageClock } from "./core/clock.mjs";
import { Engine } from "./core/engine.mjs";
import { Governor } from "./core/governor.mjs";
import { Journal } from "./core/journal.mjs";
import { readParams } from "./core/params.mjs";
import { Ranks } from "./core/ranks.mjs";
import { Record } from "./core/record.mjs";
import { Scheduler } from "./core/scheduler.mjs";
import { View } from "./core/view.mjs";
import { figures, hudFigures, status } from "./figures.mjs";
import { lay } from "./ground.mjs";
import { keeper } from "./keep.mjs";
import { Obeyer } from "./obey.mjs";
import { OwnWidgets } from "./own.mjs";
import { Hud } from "./perf/hud.mjs";
import { back, loadPlace, overlayId } from "./place.mjs";
import { Presence } from "./presence.mjs";
import { reporterOf } from "./problems.mjs";
import { Reporter } from "./report.mjs";
import { loadRules, loadSettings } from "./settings.mjs";
import { Arrangement } from "./stage.mjs";
import { dress } from "./theme.mjs";
import { Uplink } from "./uplink.mjs";
import { BUILD, obsVersion } from "./version.mjs";
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
const report = reporterOf(problems);
const clock = pageClock();
const presence = new Presence();
const uplink = new Uplink({
  ...{ worker: options.worker, now: clock.now, visible: () => presence.visible, report },
  act: (action) => obeyer.act(action),
  wake: () => scheduler.request(),
  spent: (ms) => engine.costs.add("ingest", ms),
}); // early, because the worker loads beside what follows
const ownWidgets = new OwnWidgets(WIDGETS, report);
const [{ texts, ...rules }, own] = await Promise.all([loadSettings(options.lang, report), ownWidgets.load()]);
const view = new View();
const look = await dress(options, report);
/** @type {import("./widgets/dom.mjs").Stage} */
const stage = {
  ...{ view, options, still, texts, look, ...rules, keep: keeper(id), wake: () => scheduler.request() },
  ...{ ranks: new Ranks(() => scheduler.request()), announces: () => false, server: () => clock.server() },
  ...{ replaced: (position) => reporter.receipts.replaced(position), epoch: () => uplink.status.epoch },
};
/** @type {Arrangement} */
const arrangement = new Arrangement({
  ...{ stage, root: at("stage"), kinds: [...WIDGETS, ...own], report },
  request: () => scheduler.request(),
});
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
  parts: [...arrangement.parts, toggles, arrangement.scenes(), arrangement.dims(), { name: "hud", types: [], widget: hud }],
  record: new Record(clock, options.journal ? new Journal() : null),
  drawn: (epoch, position) => reporter.receipts.drawn(epoch, position),
});
const scheduler = new Scheduler({ draw, now: clock.now });
const governor = new Governor(options.quality);
const reporter = new Reporter({
  overlayId: id,
  status: () => uplink.status,
  send: (epoch, message) => options.preview || uplink.tell({ t: "receipt", epoch, message }),
  figures: () => figures(page),
  now: clock.now,
  ...{ presence, keeper: stage.keep },
});
const { receipts } = reporter;
const { ranks } = stage;
const obeyer = new Obeyer({ id, token: options.token, engine, scheduler, clock, receipts, arrangement, ranks, hud, problems, rules: reload });
/** @type {import("./figures.mjs").Page} */
const page = { id, engine, governor, scheduler, uplink, view, hud, receipts, problems };

const adapter = new Adapter({ governor, scheduler, engine, view, hud, parts: arrangement.parts });

/** The rules of alerts have changed. What is shown or waits keeps the rule that it came with. */
async function reload() {
  Object.assign(stage, await loadRules(report));
}

/** @param {number} now @returns {number} */
function draw(now) {
  const queued = engine.queue.size;
  const wake = engine.frame(now);
  adapter.framed(now, queued);
  uplink.framed();
  reporter.framed();
  return wake;
}

Object.assign(globalThis, { framewire: { journal: engine.record.journal?.lines ?? null, status: () => status(page) } });
addEventListener("keydown", (event) => {
  if (event.key !== "F3") return;
  event.preventDefault();
  hud.show(!hud.on);
});
addEventListener("pagehide", () => reporter.close());
presence.changed = () => {
  uplink.tell({ t: "visible", visible: presence.visible });
  reporter.turned();
};
// OBS navigates to an address that differs only after the # without loading the page: a new token would do nothing.
addEventListener("hashchange", () => location.reload());
arrangement.follow(matchMedia("(max-aspect-ratio: 1/1)"));
arrangement.obeyStudio();
if (options.hud) hud.show(true);
if (options.bg !== "") lay(options.bg, report);
if (options.design) {
  const replace = (/** @type {import("./core/types.mjs").WidgetKind} */ kind) => {
    arrangement.replace(kind);
    engine.route();
  };
  ownWidgets.watch(replace, (name) => arrangement.remove(name));
}
/** @type {import("./uplink.mjs").Options["who"]} */
const who = {
  ...{ token: options.token, overlayId: id, format: options.format, build: BUILD },
  role: options.preview ? "dashboard" : "overlay", // seen on a dashboard is not drawn on a stream
  ...{ obs: obsVersion(navigator.userAgent), positions: arrangement.locates },
};
const resume = options.resume ? back(loadPlace(id), options.replay) : null;
uplink.start({ origin: location.origin, who, resume, near: isNear(location.hostname), transport: options.transport }, engine);

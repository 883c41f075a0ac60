// @ts-check
// The dashboard: requests the status twice a second, receives events, and renders at most four times a second.

import { wireAddress } from "./address.mjs";
import { Desk } from "./desk.mjs";
import { dock } from "./dock.mjs";
import { rows, word } from "./format.mjs";
import { listen } from "./keys.mjs";
import { Plots } from "./plots.mjs";
import { wirePreview } from "./preview.mjs";
import { draw, isOpen } from "./show.mjs";
import { CONTROLS, TESTS } from "./views/controls.mjs";

const ASK_MS = 500;
const DRAW_MS = 250;
const FOLDS_MS = 5_000;

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const at = (id) => /** @type {T} */ (document.getElementById(id));

/** @type {ReturnType<typeof setTimeout> | null} */
let drawing = null;
const desk = new Desk(new URLSearchParams(location.hash.slice(1)).get("k") ?? "", () => {
  drawing ??= setTimeout(() => {
    drawing = null;
    if (!document.hidden) draw(desk, at, plots);
  }, DRAW_MS);
});
const plots = new Plots(at("plots"), desk.samples);

async function learn() {
  await desk.learn(Date.now() / 1000);
  setTimeout(learn, ASK_MS);
}

/** Ask again for what only an open fold shows. */
async function learnFolds() {
  if (isOpen(at("rejected"))) await desk.learnRejected();
  if (isOpen(at("settings"))) await desk.settings.learn();
  if (isOpen(at("score"))) await desk.learnLogos();
  setTimeout(learnFolds, FOLDS_MS);
}

function hold() {
  desk.river.pause(desk.river.held === null, desk.filter);
  desk.changed();
}

/** Read the filter; what is held stays held, filtered anew. */
function refilter() {
  const held = desk.river.held !== null;
  if (held) desk.river.pause(false, desk.filter);
  desk.filter = { type: value("type"), text: value("find").trim() };
  if (held) desk.river.pause(true, desk.filter);
  desk.changed();
}

/** @param {string} id */
function value(id) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (at(id)).value;
}

dock(document);
/** @type {HTMLAnchorElement} */ (at("studio")).href = `/studio#k=${desk.token}`;
const say = (/** @type {string} */ words) => desk.say(words);
wireAddress(desk.token, { copy: at("copy"), show: at("reveal"), text: at("address") }, () => rows(desk.status.clients).map((overlay) => word(overlay.overlay_id)), say);
wirePreview(
  desk.token,
  {
    frame: /** @type {HTMLIFrameElement} */ (at("preview")),
    ...{ screen: at("screen"), unfold: at("unfold") },
    as: /** @type {HTMLSelectElement} */ (at("as")),
    background: /** @type {HTMLSelectElement} */ (at("background")),
    picture: /** @type {HTMLInputElement} */ (at("picture")),
  },
  say,
);
at("hold").addEventListener("click", hold);
at("type").addEventListener("change", refilter);
at("find").addEventListener("input", refilter);
at("look-up").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = value("event-id").trim();
  if (id !== "") void desk.lookUp(id);
});
for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", desk.changed);
at("rejected").closest("details")?.addEventListener("toggle", () => void desk.learnRejected());
at("settings").closest("details")?.addEventListener("toggle", () => void (isOpen(at("settings")) && desk.settings.learn()));
at("score").closest("details")?.addEventListener("toggle", () => void (isOpen(at("score")) && desk.learnLogos()));
document.addEventListener("visibilitychange", desk.changed);
addEventListener("resize", desk.changed);
// A key does what its button does, so that what is not offered cannot be pressed.
const press = (/** @type {string} */ selector) => () => /** @type {HTMLElement | null} */ (document.querySelector(selector))?.click();
listen({
  ...Object.fromEntries(CONTROLS.map(({ key }) => [key, press(`[data-control="${key}"]`)])),
  ...Object.fromEntries(TESTS.map(({ key, type }) => [key, press(`[data-test="${type}"]`)])),
  f: hold,
  e: () => /** @type {HTMLElement | null} */ (document.querySelector("#river .row"))?.focus(),
  "/": () => at("find").focus(),
});
addEventListener("hashchange", () => location.reload());
void learn();
void learnFolds();

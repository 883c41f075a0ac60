// @ts-check
// The page of the dashboard: every panel, from the state of desk.mjs. A closed fold is not rendered.

import { html, nothing, render } from "../../vendor/lit-html@3.3.3/lit-html.js";
import { CATALOG } from "../core/catalog.mjs";
import { titleOf } from "./describe.mjs";
import { rows, word } from "./format.mjs";
import { command, copy, storm, stormWaits } from "./orders.mjs";
import { health, worst } from "./judge.mjs";
import { follow } from "./preview.mjs";
import { applicationsPanel } from "./views/applications.mjs";
import { controlsPanel, testsPanel } from "./views/controls.mjs";
import { aboutFold, ledgerFold, processesFold, rejectedFold, tokensFold } from "./views/fold.mjs";
import { settle } from "./views/fields.mjs";
import { flagsFold } from "./views/flags.mjs";
import { scrollLog } from "./views/log.mjs";
import { overlaysPanel } from "./views/overlays.mjs";
import { scoreLine, scorePanel } from "./views/score.mjs";
import { settingsFold } from "./views/settings.mjs";
import { alertCards, demoLine, healthLine, sourcesPanel } from "./views/side.mjs";
import { riverList, stepList } from "./views/stream.mjs";

/** @typedef {import("./desk.mjs").Desk} Desk */
/** @typedef {(id: string) => HTMLElement} At */

/** @param {Desk} desk @param {At} at @param {import("./plots.mjs").Plots} plots */
export function draw(desk, at, plots) {
  drawHead(desk, at);
  drawLeft(desk, at);
  drawRiver(desk, at);
  const endDemo = () => void desk.order("End the demo", "settings", { set: { demo: false }, apply: true });
  render(demoLine(desk.status, desk.mayOrder ? endDemo : null), at("demo"));
  drawRight(desk, at);
  const { status } = desk;
  fold(at("ledger"), () => ledgerFold(status));
  fold(at("processes"), () => processesFold(status, desk.mayOrder ? desk.log : null));
  scrollLog(desk.log, at("processes"));
  fold(at("rejected"), () => rejectedFold(desk.rejected));
  if (desk.found !== null) fold(at("found"), () => stepList(desk.found, rows(status.clients)));
  fold(at("tokens"), () => tokensFold(status));
  const change = (/** @type {{name: string, mode: string, canary: string[] | null}} */ args) =>
    void desk.order(args.canary === null ? `${args.name} ${args.mode}` : "Overlays of canary", "flag", args);
  fold(at("flags"), () => flagsFold(status.flags, desk.mayOrder ? change : null));
  fold(at("settings"), () => settingsFold(desk.settings));
  fold(at("about"), () => aboutFold(status));
  if (isOpen(at("plots"))) plots.draw();
}

/** @param {Element} node */
export function isOpen(node) {
  const details = node.closest("details");
  return details !== null && details.open;
}

/** @param {HTMLElement} node @param {() => unknown} view */
function fold(node, view) {
  if (isOpen(node)) render(view(), node);
}

/** @param {Desk} desk @param {At} at */
function drawHead({ silence, status, switches, line }, at) {
  const bad = /** @type {const} */ ("bad");
  const known = silence === "" ? health(status, word(status.build)) : { tone: bad, word: silence };
  const apart = silence === "" && !line.live ? line.stopped || "No connection for events; connecting again." : "";
  const alerts = rows(status.alerts).length;
  document.body.classList.toggle("stale", silence !== "");
  document.body.classList.toggle("unknown", silence !== "" && Object.keys(status).length === 0);
  document.body.dataset.scope = String(status.scope ?? "");
  document.title = worst(status.alerts) === "" ? "Framewire" : `(${alerts}) Framewire`;
  render(healthLine(known, switches.words(status.scenes), ({ panel, name }) => jump(at(panel), name)), at("health"));
  render(html`${alertCards(status)}`, at("alerts"));
  render(html`${apart}`, at("apart"));
}

/** Show the row of a source or an overlay, and move the focus to it. @param {HTMLElement} panel @param {string} name */
function jump(panel, name) {
  const row = [...panel.querySelectorAll("li")].find((each) => each.dataset.name === name);
  row?.scrollIntoView({ block: "center" });
  /** @type {HTMLElement | null | undefined} */ (row?.querySelector(".login button, .login input") ?? row)?.focus();
}

/** @param {Desk} desk @param {At} at */
function drawLeft(desk, at) {
  const order = desk.order.bind(desk);
  const sure = { storm: () => storm(desk), waits: stormWaits() };
  render(desk.mayOrder ? html`${controlsPanel(desk.switches, order)}` : nothing, at("controls"));
  render(desk.mayOrder ? testsPanel(order, sure) : nothing, at("tests"));
  render(html`${desk.said}`, at("said"));
  render(scoreLine(desk.score), at("score-line"));
  fold(at("score"), () => (desk.mayOrder ? scorePanel(desk.score) : nothing));
  settle(at("score"));
  drawChoice(desk, at);
}

/** The overlays whose layout the programme can have. @param {Desk} desk @param {At} at */
function drawChoice(desk, at) {
  const names = rows(desk.status.clients).map((overlay) => word(overlay.overlay_id));
  const as = /** @type {HTMLSelectElement} */ (at("as"));
  const { chosen, followed } = as.dataset; // they stay offered after they have gone
  const offered = new Set([...names, chosen, followed].filter((name) => name && name !== "preview"));
  render(html`<option value="preview">the default layout</option>${[...offered].sort().map((name) => html`<option>${name}</option>`)}`, as);
  follow(as, names);
}

/** @param {Desk} desk @param {At} at */
function drawRiver(desk, at) {
  const { river, filter } = desk;
  const actions = {
    open: (/** @type {{id: string}} */ event) => desk.open(event.id),
    again: desk.mayOrder ? desk.again.bind(desk) : null,
    copy: desk.copy.bind(desk),
  };
  const filtered = filter.type !== "" || filter.text !== "";
  const entries = river.list(filter);
  const [overlays, lost] = [rows(desk.status.clients), rows(desk.status.lost)];
  if (desk.opened !== null) desk.deliveries.learn(desk.opened.id, desk.opened.answer, overlays);
  const delivery = (/** @type {import("../core/types.mjs").Event} */ event) => desk.deliveries.of(event, overlays, lost, Date.now());
  render(riverList(entries, overlays, desk.opened, actions, filtered, delivery), at("river"));
  const hold = at("hold");
  hold.setAttribute("aria-pressed", String(river.held !== null));
  render(river.held === null ? html`Hold <kbd>F</kbd>` : html`Continue, ${river.waiting} new <kbd>F</kbd>`, hold);
  const choice = html`<option value="">Main events</option><option value="all">All events</option>${CATALOG.map(
    ({ type }) => html`<option value=${type}>${titleOf(type)}</option>`,
  )}`;
  render(choice, at("type"));
}

/** @param {Desk} desk @returns {import("./views/login.mjs").LogIn} */
function logins(desk) {
  return {
    copy: (text, what) => void copy(desk, text, what),
    order: (source, action, secret = "") => {
      const args = { source, action, ...(secret === "" ? {} : { client_secret: secret }) };
      void desk.order(action === "begin" ? `Log in ${source}` : `End of the login of ${source}`, "login", args);
    },
  };
}

/** @param {Desk} desk @param {At} at */
function drawRight(desk, at) {
  const order = (/** @type {string} */ name, /** @type {Record<string, unknown>} */ args) =>
    void desk.order(`${titleOf(name)} ${args.overlay_id}`, name, args);
  render(sourcesPanel(desk.status, desk.obs, desk.mayOrder ? logins(desk) : null), at("sources"));
  const send = desk.mayOrder ? command.bind(null, desk) : null;
  render(applicationsPanel(desk.applications.list(), desk.answers, send), at("applications"));
  render(overlaysPanel(desk.status, word(desk.status.build), desk.mayOrder ? order : null, (overlay) => desk.measured.save(overlay)), at("overlays"));
}

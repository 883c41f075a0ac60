// @ts-check
// The score: a line with it, and fields and buttons to change it. A field is sent when Enter is pressed or it is left.

import { html, nothing } from "../../../vendor/lit-html@3.3.3/lit-html.js";
import { isRunning, readTime, startedOrPaused, swapped, withPoints, withTeam, withTime } from "../../core/scoring.mjs";
import { readTimer } from "../../core/timer.mjs";
import { SOURCE } from "../scoreboard.mjs";
import { choice, field } from "./fields.mjs";
import { named } from "./parts.mjs";

/** @typedef {import("../scoreboard.mjs").Scoreboard} Scoreboard */
/** @typedef {import("../../core/match.mjs").Team} Team */

const SIDES = [["", "none"], ["attack", "attack"], ["defend", "defence"], ["ct", "CT"], ["t", "T"]]; // prettier-ignore
const SERIES = [0, 2, 3, 5, 7];
const NAME = 64; // characters, as in a payload
const nameOf = (/** @type {Team} */ { name, team }) => name || team;

/** The score in one line. @param {Scoreboard} board */
export function scoreLine(board) {
  const { teams } = board.now;
  if (!board.shown) return html`not shown`;
  const [one, other] = teams;
  if (teams.length === 2) return html`${named(nameOf(one))} ${one.points} : ${other.points} ${named(nameOf(other))}`;
  return html`${teams.map((team, at) => html`${at > 0 ? ", " : nothing}${named(nameOf(team))} ${team.points}`)}`;
}

/** @param {Scoreboard} board */
export function scorePanel(board) {
  const { teams, map, of, timer } = board.now;
  const reading = readTimer(timer, board.server());
  const series = [...new Set([...SERIES, of])].sort((a, b) => a - b).map((each) => [String(each), each === 0 ? "–" : String(each)]);
  const press = isRunning(timer) && reading !== null ? "Pause" : "Start";
  const turn = board.shown ? "Clear" : "Show"; // one button, so that it keeps the focus
  const start = () => {
    if (reading === null && board.waiting === 0) board.refuse("time", "Enter a time first, such as 5:00.");
    else void board.change(startedOrPaused);
  };
  return html`<p class="soft">${origin(board)}</p>
    ${teams.map((team, at) => teamRow(board, team, at))}
    <div class="match">
      <label>Best of ${choice(String(of), series, (text) => void board.change((now) => ({ ...now, of: Number(text) })))}</label>
      <label class="wide">Map ${field("", map, NAME, (text) => void board.change((now) => ({ ...now, map: text })))}</label>
      <span class="count"><label>Time ${field("", reading?.text ?? "", 8, (text) => setTime(board, text), "5:00", true)}</label>
      <button type="button" aria-label="${press} the time" @click=${start}>${press}</button></span>
      ${refused(board, "time")}
    </div>
    ${logoHint(board)}
    <p class="buttons"><button type="button" @click=${() => void board.change(swapped)}>Swap sides</button>
      <button type="button" class=${board.shown ? nothing : "main"} aria-label="${turn} the score" @click=${() => void (board.shown ? board.clear() : board.show())}>${turn}</button></p>`;
}

/** @param {Scoreboard} board */
function origin({ shown, match }) {
  if (!shown) return "Not on the overlays. Enter the match, then press Show.";
  if (match.source === SOURCE) return "On the overlays. Each change is shown at once.";
  return html`On the overlays, from ${named(match.source || "an unnamed source")}. Its next score replaces what is changed here.`;
}

/** Where the files of the logos are. @param {Scoreboard} board */
function logoHint({ folder }) {
  if (folder === "") return nothing;
  return html`<p class="soft hint">Logos are the pictures in <code>${folder}</code> on the machine of Framewire. A new one is in the lists after 5 s.</p>`;
}

/** What a field accepts, after it was refused. @param {Scoreboard} board @param {string} name of the field */
function refused({ refusal }, name) {
  return refusal.field === name ? html`<p class="refused" role="alert">${refusal.words}</p>` : nothing;
}

/** @param {Scoreboard} board @param {Team} team @param {number} at */
function teamRow(board, team, at) {
  const name = nameOf(team);
  const set = (/** @type {Partial<Team>} */ fields) => void board.change(withTeam(at, fields));
  const step = (/** @type {string} */ label, /** @type {number} */ by) =>
    html`<button type="button" aria-label="${label} for ${name}" @click=${() => void board.change(withPoints(at, by))}>${label}</button>`;
  const logos = [...new Set([...board.logos, team.logo])].filter(Boolean).map((file) => [file, file]);
  const points = (/** @type {string} */ text) => number(text, [-999_999, 999_999_999], (value) => set({ points: String(value) }), board, `points ${at}`);
  const won = (/** @type {string} */ text) => number(text, [0, 99], (value) => set({ won: value }), board, `won ${at}`);
  return html`<div class="team" role="group" aria-label=${name}>
    ${field(`Name of team ${at + 1}`, team.name, NAME, (text) => set({ name: text }), team.team)}
    <span class="count">${step("−1", -1)}${field(`Points of ${name}`, team.points, 10, points)}${step("+1", 1)}</span>
    ${refused(board, `points ${at}`)}
    <div class="match"><label>Side ${choice(team.side, SIDES, (side) => set({ side }))}</label>
    ${board.now.of > 1 ? html`<label class="few">Maps won ${field("", String(team.won), 2, won)}</label>` : nothing}
    <label class="wide">Logo ${choice(team.logo, [["", logos.length > 0 ? "none" : "no pictures"], ...logos], (logo) => set({ logo }))}</label>
    ${refused(board, `won ${at}`)}</div>
  </div>`;
}

/** @param {string} text @param {[number, number]} bounds @param {(value: number) => void} set @param {Scoreboard} board @param {string} name of the field */
function number(text, [least, most], set, board, name) {
  const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) set(value);
  else board.refuse(name, `Not changed: enter a whole number from ${least} to ${most}.`);
}

/** @param {Scoreboard} board @param {string} text */
function setTime(board, text) {
  const left_ms = readTime(text);
  if (left_ms === undefined) board.refuse("time", "Not changed: enter minutes and seconds, such as 5:00, up to 24 hours.");
  else void board.change(withTime(left_ms));
}

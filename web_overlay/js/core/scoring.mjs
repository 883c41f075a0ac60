// @ts-check
// Edits of a score by hand: a match and a change → the match after it, and the report that describes it. Pure.

import { readTimer } from "./timer.mjs";

/** @typedef {import("./match.mjs").Standing} Standing */
/** @typedef {import("./match.mjs").Team} Team */
/** @typedef {import("./events.js").Timer} Timer */
/** @typedef {(now: Standing, server_ms: number) => Standing} Change */

// The words of the teams of a new match. They have colours of their own, and are shown until the teams have names.
const WORDS = ["Blue", "Red"];
const DAY_MS = 86_400_000; // as in a payload
const CLOCK = /^(?:(?:(\d{1,2}):)?(\d{1,4}):)?(\d{1,4})$/;

/** @param {string} team @returns {Team} */
const begin = (team) => ({ ...{ team, points: "0", name: "", logo: "" }, ...{ side: "", won: 0 } });

/** @type {Standing} */
export const BEGIN = { teams: WORDS.map(begin), map: "", number: 0, of: 0, timer: null };

/** A source may have reported one team so far. @param {Standing} now @returns {Standing} */
export function opposed(now) {
  const others = WORDS.filter((word) => now.teams.every(({ team }) => team !== word)).map(begin);
  return now.teams.length > 1 ? now : { ...now, teams: [...now.teams, ...others].slice(0, 2) };
}

/** @param {number} at of the team @param {Partial<Team>} fields @returns {Change} */
export function withTeam(at, fields) {
  return (now) => ({ ...now, teams: now.teams.map((team, each) => (each === at ? { ...team, ...fields } : team)) });
}

/** One point less ends at zero. @param {number} at of the team @param {number} by @returns {Change} */
export function withPoints(at, by) {
  return (now, server_ms) => {
    const points = Number(now.teams[at]?.points);
    return withTeam(at, { points: String(by < 0 && points <= 0 ? points : points + by) })(now, server_ms);
  };
}

/** The first two teams change places; side and colour stay where they are. @type {Change} */
export function swapped(now) {
  const [one, other, ...more] = now.teams;
  return { ...now, teams: [{ ...other, team: one.team, side: one.side }, { ...one, team: other.team, side: other.side }, ...more] };
}

/** @param {number | null} left_ms null removes it @returns {Change} */
export function withTime(left_ms) {
  return (now, server_ms) => {
    if (left_ms === null) return { ...now, timer: null };
    const timer = { remaining_ms: left_ms, total_ms: left_ms };
    return { ...now, timer: isRunning(now.timer) ? started(timer, server_ms) : timer };
  };
}

/** @type {Change} */
export function startedOrPaused(now, server_ms) {
  const { timer } = now;
  if (timer === null || readTimer(timer, server_ms) === null) return now;
  return { ...now, timer: isRunning(timer) ? paused(timer, server_ms) : started(timer, server_ms) };
}

/** @param {Timer | null} timer */
export function isRunning(timer) {
  return timer !== null && (timer.ts_ends_ms ?? 0) > 0;
}

/** @param {Timer} timer @param {number} server_ms @returns {Timer} */
function started({ remaining_ms = 0, ...rest }, server_ms) {
  return { ...rest, ts_ends_ms: server_ms + remaining_ms, total_ms: rest.total_ms || remaining_ms };
}

/** @param {Timer} timer @param {number} server_ms @returns {Timer | null} null: it has run out */
function paused({ ts_ends_ms = 0, ...rest }, server_ms) {
  const remaining_ms = Math.round(ts_ends_ms - server_ms);
  return remaining_ms > 0 ? { ...rest, remaining_ms } : null;
}

/** "1:30", "1:00:00", or whole minutes → ms; null for no time, undefined for a text that is none. @param {string} text */
export function readTime(text) {
  if (text.trim() === "") return null;
  const found = CLOCK.exec(text.trim());
  if (found === null) return undefined;
  const [hours = 0, minutes = 0, last] = found.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  const seconds = found[2] === undefined ? Number(last) * 60 : hours * 3_600 + minutes * 60 + Number(last);
  const ms = seconds * 1_000;
  return ms > DAY_MS ? undefined : ms || null;
}

/** The whole match as the payload of one event. @param {Standing} now @param {number} server_ms */
export function reportOf({ teams, map, of, timer }, server_ms) {
  const told = readTimer(timer, server_ms) === null ? {} : { timer };
  const facts = {
    ...{ names: by(teams, "name"), logos: by(teams, "logo"), sides: by(teams, "side"), maps_won: by(teams, "won") },
    ...{ map_name: map, best_of: of },
  };
  const known = Object.entries(facts).filter(([, fact]) => (typeof fact === "object" ? Object.keys(fact).length > 0 : Boolean(fact)));
  const scores = Object.fromEntries(teams.map(({ team, points }) => [team, Number(points)]));
  return { scores, ...Object.fromEntries(known), ...told };
}

/** @param {Team[]} teams @param {"name" | "logo" | "side" | "won"} field */
function by(teams, field) {
  return Object.fromEntries(teams.filter((team) => team[field]).map((team) => [team.team, team[field]]));
}

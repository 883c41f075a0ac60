// @ts-check
// Reports of a score → the match that they describe. Pure.
//
// A source may report parts under different keys, as a game server's log does. The gateway keeps the last report of
// every key, so the match is made of the same ones: a page that loads later shows what the others show.
//
// Another source has another match, which begins with its first points: a server that only names its map does not remove
// the score that an operator has entered.

/** @typedef {import("./events.js").EventOf<"score">} Event */
/** @typedef {import("./events.js").Score} Report */
/** @typedef {{team: string, points: string, name: string, logo: string, side: string, won: number}} Team */
/** @typedef {{teams: Team[], map: string, number: number, of: number, timer: import("./events.js").Timer | null}} Standing */

export const MOST_TEAMS = 4;
const MOST_REPORTS = 16; // keys of one match; callers choose them

export class Match {
  constructor() {
    this.source = "";
    /** The last report of every key, in the order in which they changed. @type {Map<string, {source: string, report: Report}>} */
    this.reports = new Map();
  }

  /** @param {Pick<Event, "payload" | "source" | "coalesce_key">} event */
  add({ payload, source, coalesce_key }) {
    const teams = Object.keys(payload.scores ?? {});
    if (isEmpty(payload)) this.reports.clear();
    // A source without keys of its own may report one team at a time.
    const key = `${coalesce_key ?? ""}\n${teams.length === 1 ? teams[0] : ""}`;
    this.reports.delete(key);
    if (teams.length > 0) this.reports = new Map([...this.reports].filter(([, each]) => each.source === source));
    if (teams.length > 0 || this.points().size === 0) this.source = source;
    this.reports.set(key, { source, report: payload });
    if (this.reports.size > MOST_REPORTS) this.reports.delete([...this.reports.keys()][0]);
  }

  /** The reports of the source whose match it is. @returns {Report[]} */
  own() {
    return [...this.reports.values()].filter(({ source }) => source === this.source).map(({ report }) => report);
  }

  /** The names of teams that were reported. @returns {Record<string, string>} */
  names() {
    return Object.fromEntries(this.of("names"));
  }

  /** @returns {Standing} */
  standing() {
    const [names, logos, sides, won] = [this.of("names"), this.of("logos"), this.of("sides"), this.of("maps_won")];
    let [map, of] = ["", 0];
    /** @type {Standing["timer"]} */
    let timer = null;
    for (const report of this.own()) {
      map = report.map_name || map;
      of = report.best_of || of;
      timer = report.timer ?? timer;
    }
    const teams = [...this.points()].map(([team, points]) => ({
      ...{ team, points: String(points), name: names.get(team) ?? "", logo: logos.get(team) ?? "" },
      ...{ side: sides.get(team) ?? "", won: won.get(team) ?? 0 },
    }));
    const decided = teams.some(({ won }) => 2 * won > of); // then no other map is played
    const number = teams.reduce((sum, team) => sum + team.won, decided ? 0 : 1);
    return { teams, map, number: Math.min(number, of), of, timer };
  }

  /** Teams stay until a report has two or more others. @returns {Map<string, number>} */
  points() {
    /** @type {Map<string, number>} */
    const all = new Map();
    for (const { scores = {} } of this.own()) {
      const reported = Object.entries(scores);
      if (reported.length > 1) for (const team of all.keys()) if (!Object.hasOwn(scores, team)) all.delete(team);
      for (const [team, points] of reported) if (all.has(team) || all.size < MOST_TEAMS) all.set(team, points);
    }
    return all;
  }

  /**
   * What is reported by team, of all reports.
   * @template {"names" | "logos" | "sides" | "maps_won"} F
   * @param {F} field @returns {Map<string, NonNullable<Report[F]>[string]>}
   */
  of(field) {
    return new Map(this.own().flatMap((report) => Object.entries(report[field] ?? {})));
  }
}

/** Does a report clear the score? @param {Report} report */
function isEmpty({ scores, ...others }) {
  return Object.keys(scores ?? {}).length === 0 && Object.keys(others).length === 0;
}

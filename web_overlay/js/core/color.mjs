// @ts-check
// Makes colours from outside (chat names, team words) legible.
//
// Our own colours are tokens of css/tokens.css, so that a theme can change them; here are only their names. The background is
// a panel at its worst: in front of a white picture, blended by OBS in linear light (obs-browser #469), where 0.96 of
// #0b0f15 has a luminance of 0.045. A change of --fw-panel changes this constant.

export const PANEL_LUMINANCE = 0.96 * 0.0046 + 0.04 * 1;
export const CONTRAST = 4.5; // WCAG 2.2, 1.4.3

const KNOWN = new Map([
  ["ct", "blue"],
  ["counter-terrorist", "blue"],
  ["blue", "blue"],
  ["nc", "blue"],
  ["order", "blue"],
  ["t", "orange"],
  ["terrorist", "orange"],
  ["orange", "orange"],
  ["yellow", "yellow"],
  ["chaos", "red"],
  ["red", "red"],
  ["tr", "red"],
  ["vs", "purple"],
  ["purple", "purple"],
  ["green", "green"],
]);
const SECOND = ["orange", "red", "yellow"];
const OTHERS = 8; // --fw-other-1 to --fw-other-8

/** @param {string} team the source's own word @returns {string} a CSS colour */
export function teamColor(team) {
  if (team === "") return "var(--fw-team-none)";
  const known = KNOWN.get(team.toLowerCase());
  return known === undefined ? otherColor(team) : `var(--fw-team-${known})`;
}

/** Of two sides in a match the second: themes may draw it hatched. @param {string} team */
export function isSecond(team) {
  const known = KNOWN.get(team.toLowerCase());
  return team !== "" && (known === undefined ? hash(team) % 2 === 1 : SECOND.includes(known));
}

/**
 * The words that say the colours of the teams of a score. A game names its sides (CT, TERRORIST), an operator chooses them
 * (Blue with the side `ct`): two opposed sides have the same colours either way. Otherwise a team has its own.
 * @param {readonly {team: string, side: string}[]} teams @returns {string[]}
 */
export function colorWords(teams) {
  const opposed = teams.length === 2 && ["ct", "t"].every((each) => teams.some(({ side }) => side === each));
  return teams.map(({ team, side }) => (opposed ? side : team));
}

/** One of eight colours, always the same for the same word. @param {string} word @returns {string} a CSS colour */
function otherColor(word) {
  return `var(--fw-other-${1 + (hash(word) % OTHERS)})`;
}

/** @type {Map<string, string>} */
const names = new Map();

/**
 * The colour of a name in chat: the user's own, raised until it can be read; one of ours when they have none.
 * @param {string} color `#rrggbb` or empty
 * @param {string} user
 * @returns {string} a CSS colour
 */
export function nameColor(color, user) {
  if (!/^#[0-9a-fA-F]{6}$/.test(color)) return otherColor(user);
  let readable = names.get(color);
  if (readable === undefined) {
    readable = raise(color);
    if (names.size >= 1_000) names.clear(); // strangers choose the keys
    names.set(color, readable);
  }
  return readable;
}

/**
 * Mix with white, as little as gives enough contrast.
 * @param {string} color `#rrggbb`
 * @param {number} [background] its luminance, 0 to 1
 * @param {number} [contrast]
 * @returns {string}
 */
export function raise(color, background = PANEL_LUMINANCE, contrast = CONTRAST) {
  const rgb = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  for (let step = 0; step < 32; step += 1) {
    const mixed = rgb.map((value) => Math.round(value + ((255 - value) * step) / 32));
    if ((luminance(mixed) + 0.05) / (background + 0.05) >= contrast) return hex(mixed);
  }
  return "#ffffff";
}

/** Relative luminance (WCAG 2.2). @param {number[]} rgb 0 to 255 each */
export function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => {
    const s = value / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @param {number[]} rgb */
function hex(rgb) {
  return `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** FNV-1a, so that a team keeps its colour over a reload. @param {string} word */
function hash(word) {
  let h = 0x811c9dc5;
  for (let i = 0; i < word.length; i += 1) h = Math.imul(h ^ word.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

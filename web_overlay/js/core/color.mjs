// @ts-check
// Colours of strangers (chat names, team words) made readable.
//
// The background is our panel at its worst: in front of a white picture, blended by OBS in linear light (obs-browser
// #469), where 0.96 of #0b0f15 comes out at a luminance of 0.045. Whoever changes --panel in overlay.css changes this.

export const PANEL_LUMINANCE = 0.96 * 0.0046 + 0.04 * 1;
export const CONTRAST = 4.5; // WCAG 2.2, 1.4.3

const KNOWN = new Map([
  ["ct", "#6fb4ff"],
  ["counter-terrorist", "#6fb4ff"],
  ["blue", "#6fb4ff"],
  ["nc", "#6fb4ff"],
  ["order", "#6fb4ff"],
  ["t", "#ffb454"],
  ["terrorist", "#ffb454"],
  ["orange", "#ffb454"],
  ["yellow", "#ffd75e"],
  ["chaos", "#ff8f8f"],
  ["red", "#ff8f8f"],
  ["tr", "#ff8f8f"],
  ["vs", "#c9a2ff"],
  ["purple", "#c9a2ff"],
  ["green", "#74e09a"],
]);
const OTHERS = ["#7fd6e8", "#f5a3d0", "#b6dc6a", "#ffb38a", "#b3b8ff", "#8fe0c0", "#e6c98a", "#e0a6f5"];
const NEUTRAL = "#eef1f6";

/** @param {string} team the source's own word @returns {string} `#rrggbb` */
export function teamColor(team) {
  if (team === "") return NEUTRAL;
  return KNOWN.get(team.toLowerCase()) ?? OTHERS[hash(team) % OTHERS.length];
}

/** @type {Map<string, string>} */
const names = new Map();

/**
 * The colour of a name in chat: the user's own, raised until it can be read; one of ours when they have none.
 * @param {string} color `#rrggbb` or empty
 * @param {string} user
 * @returns {string}
 */
export function nameColor(color, user) {
  if (!/^#[0-9a-fA-F]{6}$/.test(color)) return OTHERS[hash(user) % OTHERS.length];
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

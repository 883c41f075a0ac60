// @ts-check
// Texts of strangers, bounded by graphemes, as a reader counts. Stacked marks on a letter are cut, controls of
// direction and of the terminal are removed; the rest is shown only as text.

const MARKS = 3; // combining marks on one letter: Vietnamese and Arabic need two
const UNITS = 16; // UTF-16 units of one grapheme, at most: a family of emoji has eleven
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]+/g;
const PILE = new RegExp(`(\\p{M}{${MARKS}})\\p{M}+`, "gu");

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * @param {string} text
 * @param {number} most graphemes; what is beyond becomes one "…"
 * @returns {string}
 */
export function clean(text, most) {
  const near = text.slice(0, most * UNITS).replace(UNSEEN, " ").replace(PILE, "$1");
  const whole = text.length <= most * UNITS;
  if (near.length <= most) return whole ? near : `${near}…`;
  let count = 0;
  for (const { index } of graphemes.segment(near)) {
    count += 1;
    if (count > most) return `${near.slice(0, index)}…`;
  }
  return whole ? near : `${near}…`;
}

// Letters of width zero, and those that are drawn as a space: Hangul fillers, an empty Braille cell.
const SEEN = /[^\s\p{Cc}\p{Cf}\p{M}\p{Z}\u115f\u1160\u2800\u3164\uffa0]/u;

/** Is there anything to see in a name? @param {string} name */
export function isSeen(name) {
  return SEEN.test(name);
}

/** A name that can be seen: "?" instead of one that cannot. @param {string} name @param {number} most @returns {string} */
export function cleanName(name, most) {
  return name === "" || isSeen(name) ? clean(name, most) : "?";
}

// @ts-check
// One pooled row of the killfeed: [wire] [streak] [who + helper] [weapon] [flags] [whom].

import { el, icon, reveal, text, wire } from "./dom.mjs";
import { ICONS } from "./icons.mjs";
import { ART, NO_ART } from "./weaponart.mjs";

/** @typedef {import("./killline.mjs").Flag} Flag */
/** @typedef {import("./killline.mjs").Line} Line */
/** @typedef {import("./weaponart.mjs").Art} Art */

/** @type {[Flag, string, Art][]} in the order in which they stand, with the words for who cannot see the icon */
const FLAGS = [
  ["flash", "flash assist", ART.flash],
  ["wall", "through a wall", ART.wall],
  ["noscope", "without the scope", own(ICONS.noscope)],
  ["head", "headshot", own(ICONS.headshot)],
  ["team", "team kill", own(ICONS.warning)],
  ["revive", "revived", own(ICONS.cross)],
  ["dead", "died", own(ICONS.skull)],
];

/** @param {string} d @returns {Art} */
function own(d) {
  return { d, box: "0 0 24 24", turn: 0 };
}

export class Row {
  /** @param {import("./dom.mjs").Stage} stage */
  constructor(stage) {
    this.view = stage.view;
    this.texts = stage.texts;
    /** @type {Line | null} */
    this.line = null;
    this.slot = 0;
    this.until = Infinity;
    this.streak = text();
    this.counted = 0; // the streak that is written
    this.left = text();
    this.helper = text();
    this.weapon = text();
    this.right = text();
    this.art = icon("kf-art");
    this.flags = FLAGS.map(([flag, words, art]) => ({ flag, words, art, ...icon(`kf-flag kf-${flag} off`) }));
    this.streakBox = el("span", "kf-streak", icon("kf-flame", ICONS.flame).svg, el("span", "kf-kills", this.streak));
    this.leftSide = stranger("kf-name", this.left);
    this.rightSide = stranger("kf-name", this.right);
    this.help = el("span", "kf-help", stranger("kf-helper", this.helper));
    this.means = el("span", "kf-means", this.art.svg, el("span", "kf-weapon", this.weapon));
    this.line_ = wire();
    this.panel = el("div", "slab row kf-panel", this.line_, this.streakBox, this.leftSide, this.help);
    this.panel.append(this.means, ...this.flags.map(({ svg }) => svg), this.rightSide);
    this.node = el("div", "kf-row off", this.panel);
    for (const { svg, path, art } of this.flags) {
      svg.setAttribute("viewBox", art.box);
      path.setAttribute("d", art.d);
    }
    this.entrance = reveal(stage, this.node, this.line_, "left");
  }

  /** @param {Line} line @param {number} slot @param {number} until @param {boolean} moving */
  enter(line, slot, until, moving) {
    this.line = line;
    this.slot = slot;
    this.until = until;
    this.view.toggle(this.node, "off", false);
    this.view.toggle(this.node, "gone", false);
    this.view.toggle(this.node, "moves", false);
    if (moving) this.view.enter(...this.entrance);
  }

  /** Its time is over. */
  fade() {
    this.view.toggle(this.node, "gone", true);
  }

  /** Newer ones need its place: at once, or it would shine through them. */
  hide() {
    this.view.toggle(this.node, "off", true);
  }

  /** Say what should be seen. @param {number} slot counted from the edge at the anchor @param {boolean} upwards @param {boolean} flood */
  settle(slot, upwards, flood) {
    const { view, line } = this;
    if (line === null) return;
    if (slot !== this.slot || flood) view.toggle(this.node, "moves", !flood);
    this.slot = slot;
    // Not as a custom property: every element of the row would inherit it, and be styled anew with every kill.
    // And without var(): Chromium then changes the transform alone, and does not match the rules of the row again.
    view.style(this.node, "transform", `translateY(${100 * (upwards ? -slot : slot)}%)`);
    view.attribute(this.node, "data-kind", line.kind);
    view.toggle(this.node, "mine", line.mine);
    view.toggle(this.node, "second", (line.left ?? line.right)?.second === true);
    view.style(this.line_, "--wire", (line.left ?? line.right)?.color ?? "");
    // `:empty` would be checked again, with all siblings, at every change of a text.
    if (line.streak !== this.counted) this.count(line.streak);
    view.toggle(this.streakBox, "off", line.streak === 0);
    view.toggle(this.means, "first", !line.left?.name);
    this.side(this.leftSide, this.left, line.left);
    this.side(this.rightSide, this.right, line.right);
    view.toggle(this.panel, "both", isLong(line.left) && isLong(line.right));
    view.text(this.helper, line.with);
    view.toggle(this.help, "off", line.with === "");
    view.toggle(this.panel, "ends", !line.right?.name && line.flags.length === 0 && line.weapon.name !== "");
    this.how(line);
  }

  /** @param {number} kills 0 for no streak */
  count(kills) {
    this.counted = kills;
    this.view.text(this.streak, kills > 0 ? this.texts.number(kills) : "");
  }

  /** @param {Line} line */
  how({ weapon, flags }) {
    const { view, art } = this;
    const { d, box, turn } = weapon.icon === "" ? NO_ART : ART[weapon.icon];
    view.attribute(art.path, "d", d);
    view.attribute(art.svg, "viewBox", box);
    view.attribute(art.path, "transform", `rotate(${turn} 256 256)`);
    view.toggle(art.svg, "off", d === "");
    view.toggle(this.means, "drawn", d !== "");
    view.text(this.weapon, weapon.name);
    view.toggle(this.means, "off", weapon.name === "");
    for (const { flag, svg } of this.flags) view.toggle(svg, "off", !flags.includes(flag));
  }

  /** @param {HTMLElement} node @param {Text} name @param {import("./player.mjs").Side | null} side */
  side(node, name, side) {
    this.view.text(name, side?.name ?? "");
    this.view.toggle(node, "off", !side?.name);
    this.view.toggle(node, "long", isLong(side));
    this.view.style(node, "--team", side?.color ?? "");
  }
}

/** Is it cut before a short name beside it? @param {import("./player.mjs").Side | null} side */
function isLong(side) {
  return side !== null && side.name.length > 10;
}

/** A name of a stranger, in the direction of its script. @param {string} className @param {Text} name */
function stranger(className, name) {
  const node = el("span", `name ${className}`, name);
  node.dir = "auto";
  return node;
}

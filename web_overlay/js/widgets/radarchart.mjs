// @ts-check
// The map of the radar on its canvas. Teams differ by colour and by shape: the second side has squares. A tip shows
// where a player looks.

import { clean } from "../core/clean.mjs";
import { isSecond, nameColor, teamColor } from "../core/color.mjs";
import { namePlaces, onMap } from "../core/radar.mjs";

/** @typedef {import("../core/radar.mjs").Dot} Dot */
/** @typedef {import("../core/radar.mjs").RadarMap} RadarMap */

const NAMED = 12; // with more players on the map only the streamer has a name
const LETTERS = 16;
const PAD = 14; // dots at the edge are whole
const CELLS = 4;
const GRID = 0.16; // how much of it is seen
const KEPT = 64; // names of which the fitted text is kept
/** Corners of the tip: the angle beside the view, and the distance in radii. @type {[number, number][]} */
const TIP = [[-0.6, 0.95], [0, 2.1], [0.6, 0.95]]; // prettier-ignore

export class Chart {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.side = 0; // in hundredths of 1rem
    this.pixels = 1; // per hundredth of 1rem
    /** @type {Map<string, string>} what `var()` means; a canvas does not understand it */
    this.colors = new Map();
    /** @type {Map<string, string>} names as they fit into the map */
    this.fitted = new Map();
  }

  /** @param {number} side in hundredths of 1rem */
  resize(side) {
    const zoom = (Math.min(innerHeight, innerWidth) / 1_080) * devicePixelRatio;
    this.side = side;
    this.fitted.clear();
    this.pixels = Math.max(1, Math.min(3, zoom));
    this.canvas.width = this.canvas.height = Math.round(side * this.pixels);
  }

  /** @param {RadarMap} map @param {Dot[]} dots @param {(dot: Dot) => boolean} isOwn */
  draw(map, dots, isOwn) {
    const { side, pixels, context } = this;
    if (context === null) return;
    context.setTransform(pixels, 0, 0, pixels, 0, 0);
    context.clearRect(0, 0, side, side);
    context.globalAlpha = GRID;
    context.fillStyle = this.color("var(--fw-ink)");
    for (let cell = 1; cell < CELLS; cell += 1) {
      context.fillRect((cell / CELLS) * side - 0.5, 0, 1, side);
      context.fillRect(0, (cell / CELLS) * side - 0.5, side, 1);
    }
    context.globalAlpha = 1;
    const [mine, others] = [dots.filter(isOwn), dots.filter((dot) => !isOwn(dot))];
    for (const dot of others) this.dot(context, map, dot, false);
    for (const dot of mine) this.dot(context, map, dot, true);
    this.names(context, map, mine, others);
  }

  /** @param {CanvasRenderingContext2D} context @param {RadarMap} map @param {Dot} dot @param {boolean} own */
  dot(context, map, dot, own) {
    const { x, y, inside } = this.place(map, dot);
    const radius = (own ? 7 : 5.5) * (inside ? 1 : 0.7);
    const turn = (dot.yaw * Math.PI) / 180;
    context.beginPath();
    if (isSecond(dot.team)) context.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8);
    else context.arc(x, y, radius, 0, 2 * Math.PI);
    // The game's yaw: 0 looks down on the map, 90 to the left.
    TIP.forEach(([side, far], corner) => {
      const [px, py] = [x - Math.sin(turn + side) * radius * far, y + Math.cos(turn + side) * radius * far];
      if (corner === 0) context.moveTo(px, py);
      else context.lineTo(px, py);
    });
    context.closePath();
    context.lineWidth = own ? 5 : 3.5;
    context.strokeStyle = this.color(own ? "var(--fw-ink)" : "var(--fw-outline)");
    context.stroke();
    context.fillStyle = this.color(dot.color === "" ? teamColor(dot.team) : nameColor(dot.color, dot.name));
    context.fill();
  }

  /** Where a dot is on the canvas. @param {RadarMap} map @param {Dot} dot */
  place(map, dot) {
    const { x, y, inside } = onMap(map, dot.x, dot.z);
    const reach = this.side - 2 * PAD;
    return { x: PAD + x * reach, y: PAD + y * reach, inside };
  }

  /** @param {CanvasRenderingContext2D} context @param {RadarMap} map @param {Dot[]} mine @param {Dot[]} others */
  names(context, map, mine, others) {
    const height = 100 * parseFloat(this.color("var(--fw-size-small)")); // of rem
    const weight = this.color("var(--fw-weight-strong)");
    context.font = `${weight} ${height}px ${this.color("var(--fw-font-display)")}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = this.color("var(--fw-outline)");
    context.fillStyle = this.color("var(--fw-ink)");
    context.textAlign = "left";
    const dots = [...mine, ...others];
    const named = dots.length <= NAMED ? dots.length : mine.length;
    const names = dots.map(({ name }, at) => (at < named ? this.fit(context, name) : ""));
    const spots = dots.map((dot, at) => ({ ...this.place(map, dot), width: context.measureText(names[at]).width }));
    namePlaces(spots, this.side, height, mine.length).forEach((place, at) => {
      if (place === null) return;
      context.strokeText(names[at], place[0], place[1]);
      context.fillText(names[at], place[0], place[1]);
    });
  }

  /** The beginning of a name that is not wider than half of the map. @param {CanvasRenderingContext2D} context @param {string} name */
  fit(context, name) {
    let found = this.fitted.get(name);
    if (found !== undefined) return found;
    for (let letters = LETTERS; letters > 0; letters -= 1) {
      found = clean(name, letters);
      if (context.measureText(found).width <= this.side / 2) break;
    }
    if (this.fitted.size >= KEPT) this.fitted.clear();
    this.fitted.set(name, (found ??= ""));
    return found;
  }

  /** @param {string} value a colour, or `var(--fw-…)` */
  color(value) {
    const name = /^var\((--[\w-]+)\)$/.exec(value)?.[1];
    if (name === undefined) return value;
    let found = this.colors.get(name);
    if (found === undefined) {
      found = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
      this.colors.set(name, found);
    }
    return found;
  }
}

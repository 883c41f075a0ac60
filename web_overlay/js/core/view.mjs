// @ts-check
// The only module that writes to the page. Widgets set values; `flush` writes the differences once per frame.
//
// It never reads layout, and writes untrusted text only with Text.data: it cannot write HTML.
// Each (node, key) has one slot that remembers what was last written (after uPlot's dom.js), so an unchanged value
// never touches the DOM, and of several values in one frame only the last does.

/** @typedef {{node: any, kind: 0 | 1 | 2 | 3 | 4, key: string, value: string, written: string | null, dirty: boolean}} Slot */

const TEXT = 0;
const STYLE = 1;
const CLASS = 2;
const ATTRIBUTE = 3;
const SOURCE = 4;
const SAFE = new Set(["d", "viewBox", "transform", "role", "aria-hidden", "title"]); // never href, src, style or on…

// Pictures, videos and sounds are loaded only from this gateway: its cache of emotes, and the user's own files.
const MEDIA = /^\/media\/(emote\/[a-z0-9-]{1,16}\/[\w-]{1,80}|alerts\/[\w.~!'()*%-]{1,600}(\?v=[0-9a-f]{1,16})?)$/;

export class View {
  constructor() {
    /** @type {WeakMap<object, Map<string, Slot>>} */
    this.nodes = new WeakMap();
    /** @type {Slot[]} */
    this.dirty = [];
    /** @type {Map<Animation, {share: number, rate: number}>} */
    this.plays = new Map();
    /** @type {Map<HTMLMediaElement, number | null>} to start at a volume, or to stop */
    this.sounds = new Map();
    this.calm = false; // without entrances (core/governor.mjs)
    this.counters = { commits: 0, writes: 0, spared: 0 };
  }

  /** @param {Text} node @param {string} value */
  text(node, value) {
    this.want(node, TEXT, "data", value);
  }

  /** @param {HTMLElement} node @param {string} property @param {string} value */
  style(node, property, value) {
    this.want(node, STYLE, property, value);
  }

  /** @param {Element} node @param {string} name @param {boolean} on */
  toggle(node, name, on) {
    this.want(node, CLASS, name, on ? "1" : "");
  }

  /** @param {Element} node @param {string} name one of SAFE, or data-… @param {string} value */
  attribute(node, name, value) {
    if (!SAFE.has(name) && !name.startsWith("data-")) throw new Error(`got attribute ${name}, expected one of SAFE`);
    this.want(node, ATTRIBUTE, name, value);
  }

  /** @param {HTMLImageElement | HTMLMediaElement} node @param {string} path of /media/, or "" for none */
  source(node, path) {
    if (path !== "" && !MEDIA.test(path)) throw new Error(`got source ${path.slice(0, 80)}, expected a path of /media/`);
    this.want(node, SOURCE, "src", path);
  }

  /** Play a video or sound from its start, in this commit. @param {HTMLMediaElement} media @param {number} volume 0 to 1 */
  start(media, volume) {
    this.sounds.set(media, volume);
  }

  /** @param {HTMLMediaElement} media */
  stop(media) {
    this.sounds.set(media, null);
  }

  /** Play animations from their start, in this commit. @param {...Animation} animations */
  play(...animations) {
    for (const animation of animations) this.plays.set(animation, { share: 0, rate: 1 });
  }

  /** Play the entrance of something, unless movement costs too much now. @param {...Animation} animations */
  enter(...animations) {
    if (!this.calm) this.play(...animations);
  }

  /**
   * Play an animation that tells time, from a share of it on.
   * @param {Animation} animation made to last 1 s
   * @param {number} share how much of the time is over, 0 to 1
   * @param {number} whole_ms how long all of it is
   */
  pace(animation, share, whole_ms) {
    this.plays.set(animation, { share, rate: 1_000 / Math.max(1, whole_ms) });
  }

  /** @param {object} node @param {0 | 1 | 2 | 3 | 4} kind @param {string} key @param {string} value */
  want(node, kind, key, value) {
    let slots = this.nodes.get(node);
    if (slots === undefined) this.nodes.set(node, (slots = new Map()));
    const name = kind + key;
    let slot = slots.get(name);
    if (slot === undefined) slots.set(name, (slot = { node, kind, key, value, written: null, dirty: false }));
    slot.value = value;
    if (slot.dirty) return;
    if (slot.written === value) {
      this.counters.spared += 1;
      return;
    }
    slot.dirty = true;
    this.dirty.push(slot);
  }

  /** Write what differs. @returns {number} how many writes that took */
  flush() {
    let writes = 0;
    for (const slot of this.dirty) {
      slot.dirty = false;
      if (slot.written === slot.value) continue;
      slot.written = slot.value;
      write(slot);
      writes += 1;
    }
    this.dirty.length = 0;
    for (const [animation, { share, rate }] of this.plays) {
      if (animation.playbackRate !== rate) animation.playbackRate = rate;
      animation.currentTime = share * 1_000;
      animation.play();
    }
    this.plays.clear();
    for (const [media, volume] of this.sounds) sound(media, volume);
    this.sounds.clear();
    this.counters.writes += writes;
    if (writes > 0) this.counters.commits += 1;
    return writes;
  }
}

/** @param {Slot} slot */
function write({ node, kind, key, value }) {
  if (kind === TEXT) node.data = value;
  else if (kind === STYLE) node.style.setProperty(key, value);
  else if (kind === CLASS) node.classList.toggle(key, value === "1");
  else if (kind === SOURCE && value === "") node.removeAttribute(key);
  else node.setAttribute(key, value);
  if (kind === SOURCE && value === "") node.load?.(); // otherwise a video goes on, and keeps its memory
}

/** @param {HTMLMediaElement} media @param {number | null} volume */
function sound(media, volume) {
  if (volume === null) return media.pause();
  media.volume = volume;
  media.currentTime = 0;
  // A browser that wants a click first, or a file that it cannot play: the alert is shown without.
  media.play().catch(() => {});
}

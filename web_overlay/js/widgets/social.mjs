// @ts-check
// Social alerts: the queue of core/alerts.mjs on the page. The wire under the panel shows the remaining time; on it
// is the number of waiting alerts. The user's pictures, videos and sounds are in overlays/media/ of the run directory.

import { AlertQueue } from "../core/alerts.mjs";
import { clean } from "../core/clean.mjs";
import { TYPES, alertOf } from "../core/occasions.mjs";
import { FIRST, SECOND } from "../core/ranks.mjs";
import { wordsOf } from "../core/wording.mjs";
import { el, entrance, icon, text, waiting } from "./dom.mjs";
import { SOCIAL_ICONS } from "./icons.mjs";
import { isSilent, pathOf, unfit } from "./media.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */
/** @typedef {import("../core/occasions.mjs").Alert} Alert */

const TALL = 400;
const LETTERS = 150; // of one text: what three lines hold
const OUTDATED = new Set(["shoutout", "stream"]); // not shown when they are late
const LASTING = new Set(["pause", "resume", "mute", "unmute"]); // also when late, and over a reload

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "social",
  title: "Social alerts",
  types: [...TYPES, "show"],
  box: { x: 1304, y: 606, width: 520, height: 294, anchor: "bottom-right" },
  upright: { x: 506, y: 1206, width: 520, height: 294, anchor: "bottom-right" },
  load: (stage, root) => new Social(stage, root),
};

class Social {
  /** @param {import("./dom.mjs").Stage} stage @param {HTMLElement} root */
  constructor(stage, root) {
    this.stage = stage;
    this.queue = new AlertQueue(({ paid }) => stage.ranks.take(widget.name, paid ? FIRST : SECOND));
    stage.announces = (kind, position) => stage.ranks.isSeen(widget.name) && this.queue.waits(kind, position);
    const kept = stage.keep.load("queue");
    if (kept?.paused === true) this.queue.paused = true;
    if (kept?.muted === true) this.queue.muted = true;
    /** @type {Alert | null} */
    this.written = null;
    this.icon = icon("sa-icon");
    this.words = Object.fromEntries(
      ["label", "name", "value", "unit", "detail", "message", "more"].map((part) => [part, text()]),
    );
    const line = (/** @type {string} */ part) => el("div", `sa-${part}`, this.words[part]);
    const lines = { name: line("name"), detail: line("detail"), message: line("message") };
    for (const node of Object.values(lines)) node.dir = "auto";
    this.image = Object.assign(el("img", "sa-media off"), { decoding: "async" }); // a large one stops no frame
    this.video = el("video", "sa-media off");
    this.video.muted = true; // its sound, if any, is the rule's `sound`
    this.sound = el("video", "off"); // an audio element decodes the frames of its file, too, and hides their size
    this.time = el("div", "sa-time");
    const amount = el("div", "sa-amount", line("value"), line("unit"));
    const words = el("div", "sa-words", line("label"), amount, lines.name, lines.detail, lines.message);
    const picture = el("div", "sa-picture", this.image, this.video);
    this.panel = el("div", "sa-panel slab", el("div", "sa-badge", this.icon.svg), words);
    this.box = el("div", "sa gone", picture, this.panel, el("div", "sa-wire", this.time), line("more"));
    root.append(this.box, this.sound);
    this.entrance = entrance(stage, this.box, "translateY(.14rem)", 220);
    const shrink = stage.still ? [{ opacity: 1 }, { opacity: 0.2 }] : [{ transform: "none" }, { transform: "scaleX(0)" }];
    this.left = waiting(this.time, shrink, { duration: 1, fill: "forwards" });
    for (const media of [this.image, this.video, this.sound]) unfit(media, () => this.failed(media));
  }

  /** A tall box has room for a picture above the panel; in others it stands beside. @param {import("../core/types.mjs").Size} size */
  resize({ height }) {
    this.stage.view.toggle(this.box, "tall", height >= TALL);
  }

  /** @param {Event} event @param {import("../core/types.mjs").Moment} moment */
  updateAction(event, { now, late }) {
    const { type, payload } = event;
    if (type === "show") {
      if (!["", widget.name].includes(payload.widget ?? "") || (late && !LASTING.has(payload.action))) return;
      this.queue.command(payload.action, now);
      const { paused, muted } = this.queue;
      this.stage.keep.save("queue", { paused, muted });
    } else if (!late || !OUTDATED.has(type)) this.queue.push(alertOf(event, this.stage.rules, late));
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    const { view } = this.stage;
    const changed = this.queue.tick(now);
    const { shown, waiting: others } = this.queue;
    view.toggle(this.box, "gone", shown === null);
    if (shown === null) {
      this.stage.ranks.leave(widget.name);
      if (this.written !== null) this.end();
      return this.queue.wake(now);
    }
    if (changed || shown.changed) this.write(shown);
    if (changed) this.begin(shown);
    if (this.queue.muted || isSilent(this.stage.options)) view.stop(this.sound);
    view.text(this.words.more, others.length > 0 ? this.stage.texts.text("more", { count: others.length }) : "");
    return this.queue.wake(now);
  }

  /** @param {Alert} alert */
  write(alert) {
    const { view } = this.stage;
    alert.changed = false;
    const words = wordsOf(alert, this.stage.texts);
    for (const [part, value] of Object.entries(words)) view.text(this.words[part], clean(value, LETTERS));
    view.toggle(this.panel, "own", (alert.rule?.text ?? "") !== "");
    view.toggle(this.panel, "both", words.detail !== "" && words.message !== "");
    view.attribute(this.box, "data-kind", alert.kind);
    view.attribute(this.icon.path, "d", SOCIAL_ICONS[alert.kind] ?? SOCIAL_ICONS.follow);
  }

  /** @param {Alert} alert */
  begin(alert) {
    const { view } = this.stage;
    this.written = alert;
    this.stage.wake(); // labels may name its user now
    view.toggle(this.box, "pictured", false);
    this.media(this.image, alert.rule?.image ?? "");
    this.media(this.video, alert.rule?.video ?? "");
    if (alert.rule?.video) view.start(this.video, 0);
    this.left.effect?.updateTiming({ duration: alert.hold_ms });
    view.play(this.left);
    if (!alert.late) view.enter(this.entrance);
    if (alert.late || !alert.rule?.sound || this.queue.muted || isSilent(this.stage.options)) return;
    view.source(this.sound, pathOf(alert.rule.sound, this.stage.media));
    view.start(this.sound, alert.rule.volume * this.stage.options.volume);
  }

  /** @param {HTMLImageElement | HTMLVideoElement} node @param {string} file */
  media(node, file) {
    this.stage.view.source(node, file === "" ? "" : pathOf(file, this.stage.media));
    this.stage.view.toggle(node, "off", file === "");
    if (file !== "") this.stage.view.toggle(this.box, "pictured", true);
  }

  /** Nothing moves or sounds when nothing is shown. */
  end() {
    this.written = null;
    this.stage.view.stop(this.sound);
    this.stage.view.stop(this.video);
  }

  /** The alert stands without what cannot be shown or heard. @param {HTMLImageElement | HTMLVideoElement} node */
  failed(node) {
    this.media(node, "");
    if (node !== this.sound) this.stage.view.toggle(this.box, "pictured", false);
    this.stage.wake();
  }
}

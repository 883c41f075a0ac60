// @ts-check
// Social alerts: the queue of core/alerts.mjs on the page. The wire under the panel shows the remaining time; on it
// is the number of waiting alerts. The user's pictures, videos and sounds are in overlays/media/ of the run directory.

import { AlertQueue } from "../core/alerts.mjs";
import { Backlog, OUTDATED } from "../core/backlog.mjs";
import { TYPES, alertOf } from "../core/occasions.mjs";
import { FIRST, SECOND } from "../core/ranks.mjs";
import { el, entrance, text, waiting } from "./dom.mjs";
import { isSilent, pathOf, unfit } from "./media.mjs";
import { Panel } from "./socialpanel.mjs";

/** @typedef {import("../core/types.mjs").Event} Event */
/** @typedef {import("../core/occasions.mjs").Alert} Alert */

const TALL = 400;
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
    Object.assign(this.queue, { paused: kept?.paused === true, muted: kept?.muted === true });
    const { preview, resume, replay } = stage.options;
    this.backlog = new Backlog(this.queue, replay > 0);
    this.keeps = !preview && top === self; // a preview in a frame has the name of the overlay that it shows
    if (this.keeps && resume) this.backlog.restore(stage.keep.load("alerts"), Date.now());
    this.saved = false;
    this.written = /** @type {Alert | null} */ (null);
    this.panel = new Panel(stage);
    this.more = text();
    this.image = Object.assign(el("img", "sa-media off"), { decoding: "async" }); // a large one stops no frame
    this.video = el("video", "sa-media off");
    this.video.muted = true; // its sound, if any, is the rule's `sound`
    this.sound = el("video", "off"); // an audio element decodes the frames of its file, too, and hides their size
    this.time = el("div", "sa-time");
    const picture = el("div", "sa-picture", this.image, this.video);
    this.box = el("div", "sa gone", picture, this.panel.node, el("div", "sa-wire", this.time), el("div", "sa-more", this.more));
    root.append(this.box, this.sound);
    this.entrance = entrance(stage, this.box, "translateY(.14rem)", 220);
    const shrink = stage.still ? [{ opacity: 1 }, { opacity: 0.2 }] : [{ transform: "none" }, { transform: "scaleX(0)" }];
    this.left = waiting(this.time, shrink, { duration: 1, fill: "forwards" });
    for (const media of [this.image, this.video, this.sound]) unfit(media, () => this.failed(media));
  }

  /** A tall box has room for a picture above the panel; in others it stands beside. @param {import("../core/types.mjs").Size} size */
  resize({ height }) {
    this.stage.view.toggle(this.box, "tall", height >= TALL);
    this.panel.fit.again();
  }

  /** @param {Event} event @param {import("../core/types.mjs").Moment} moment */
  updateAction(event, { now, late }) {
    const { type, payload, position } = event;
    const epoch = this.stage.epoch();
    if (type === "show") {
      if (!["", widget.name].includes(payload.widget ?? "") || (late && !LASTING.has(payload.action))) return;
      this.queue.command(payload.action, now);
      this.stage.keep.save("queue", { paused: this.queue.paused, muted: this.queue.muted });
    } else if (!late || !OUTDATED.has(type)) {
      const alert = alertOf(event, this.stage.rules, late);
      if (!this.backlog.has(alert, epoch)) this.queue.push(alert);
    }
    this.backlog.took(position, epoch);
    this.saved = false;
  }

  /** @param {number} now */
  endTests(now) {
    this.queue.endTests(now);
    this.saved = false;
  }

  /** @param {number} now @returns {number} */
  frame(now) {
    const changed = this.queue.tick(now);
    if (this.keeps && (changed || !this.saved)) this.stage.keep.saveSoon("alerts", () => this.backlog.keep(Date.now()));
    this.saved = true;
    const wake = this.present(now, changed);
    return this.panel.fit.frame() ? now : wake;
  }

  /** @param {number} now @param {boolean} changed is another alert shown than before? @returns {number} */
  present(now, changed) {
    const { view } = this.stage;
    const { shown, waiting: others } = this.queue;
    view.toggle(this.box, "gone", shown === null);
    if (shown === null) {
      this.stage.ranks.leave(widget.name);
      if (this.written !== null) this.end();
      return this.queue.wake(now);
    }
    if (changed || shown.changed) this.panel.write(shown);
    if (changed) this.begin(shown);
    if (this.queue.muted || isSilent(this.stage.options)) view.stop(this.sound);
    view.text(this.more, others.length > 0 ? this.stage.texts.text("more", { count: others.length }) : "");
    return this.queue.wake(now);
  }

  /** @param {Alert} alert */
  begin(alert) {
    const { view } = this.stage;
    this.written = alert;
    this.stage.wake(); // labels may name its user now
    view.attribute(this.box, "data-kind", alert.kind);
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
    for (const media of [this.sound, this.video]) this.stage.view.stop(media);
  }

  /** The alert stands without what cannot be shown or heard. @param {HTMLImageElement | HTMLVideoElement} node */
  failed(node) {
    this.media(node, "");
    if (node !== this.sound) this.stage.view.toggle(this.box, "pictured", false);
    this.stage.wake();
  }
}

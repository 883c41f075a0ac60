// @ts-check
// One row of the chat: a line above (for a reply or a first message), badges, the name, the message in
// parts. All nodes are created once; a row is reused.

import { clean, cleanName } from "../core/clean.mjs";
import { nameColor } from "../core/color.mjs";
import { BADGES, NAME_LETTERS, PARTS, badgesOf, partsOf } from "../core/message.mjs";
import { el, entrance, icon, text, wire } from "./dom.mjs";
import { ROLE_ICONS } from "./icons.mjs";
import { Picture } from "./picture.mjs";

const ABOVE_LETTERS = 80;

export class ChatRow {
  /** @param {import("./dom.mjs").Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.name = text();
    this.above = text();
    this.nameBox = el("bdi", "chat-name", this.name);
    this.badges = Array.from({ length: BADGES }, () => {
      const mark = icon("chat-role off");
      return { mark, picture: new Picture(stage, "chat-badge", mark.svg) };
    });
    this.parts = Array.from({ length: PARTS }, () => {
      const words = text();
      const box = el("span", "chat-part off", words);
      return { words, box, picture: new Picture(stage, "chat-emote", box) };
    });
    const message = el("bdi", "chat-text", ...this.parts.flatMap(({ picture, box }) => [picture.img, box]));
    message.dir = "auto";
    const badges = this.badges.flatMap(({ picture, mark }) => [picture.img, mark.svg]);
    const above = el("div", "chat-above", this.above);
    above.dir = "auto";
    this.panel = el("div", "chat-panel slab row", wire(), above, el("div", "chat-lines", ...badges, this.nameBox, message));
    this.node = el("div", "chat-row off", this.panel);
    this.entrance = entrance(stage, this.panel, "translateX(-.3rem)");
  }

  /** @param {any} payload of a `chat` event */
  write(payload) {
    const { view, options } = this.stage;
    const { user, color = "", action = false, highlight = false } = payload;
    const shade = nameColor(color, user);
    view.text(this.name, cleanName(user, NAME_LETTERS));
    view.text(this.above, this.lineAbove(payload));
    view.style(this.nameBox, "color", shade);
    view.style(this.panel, "--wire", shade);
    view.toggle(this.panel, "action", action);
    view.toggle(this.panel, "highlight", highlight);
    const badges = badgesOf(payload, (role) => Object.hasOwn(ROLE_ICONS, role));
    this.badges.forEach(({ mark, picture }, at) => {
      const badge = badges.at(at);
      if (at >= badges.length || badge === undefined) return picture.clear();
      view.attribute(mark.path, "d", ROLE_ICONS[badge.role] ?? "");
      view.attribute(mark.svg, "data-role", badge.role);
      return picture.show(badge.image);
    });
    const parts = partsOf(payload, options.player);
    this.parts.forEach(({ words, box, picture }, at) => {
      if (at >= parts.length) {
        picture.clear();
        view.text(words, "");
        return;
      }
      const { kind, text: value, image } = parts[at];
      view.text(words, value);
      view.attribute(box, "data-kind", kind);
      picture.show(image, kind === "cheer");
    });
  }

  /** @param {any} payload @returns {string} */
  lineAbove({ reply_to, first = false }) {
    if (reply_to) return clean(`↪ ${reply_to.user}: ${reply_to.text ?? ""}`, ABOVE_LETTERS);
    return first ? this.stage.texts.text("chat.first") : "";
  }

  /** The message to which this one replies was deleted. */
  unquote() {
    this.stage.view.text(this.above, "");
  }

  /** Nothing of the message stays on the page. */
  clear() {
    const { view } = this.stage;
    view.toggle(this.node, "off", true);
    view.text(this.name, "");
    view.text(this.above, "");
    for (const { picture } of this.badges) picture.clear();
    for (const { picture, words } of this.parts) {
      picture.clear();
      view.text(words, "");
    }
  }
}

// @ts-check
// The preview pictures of the themes, as buttons that choose one.

import { el, text } from "../widgets/dom.mjs";

const DEFAULT = "broadcast";

export class Gallery {
  /** @param {string[]} names of themes with a preview.webp @param {(name: string) => void} choose */
  constructor(names, choose) {
    /** @type {Map<string, HTMLButtonElement>} */
    this.buttons = new Map();
    for (const name of names) {
      const picture = el("img", "");
      Object.assign(picture, { src: `/themes/${name}/preview.webp`, alt: "", loading: "lazy", width: 640, height: 360 });
      const button = el("button", "", picture, text(name));
      button.type = "button";
      button.addEventListener("click", () => choose(name));
      this.buttons.set(name, button);
    }
    this.root = el("div", "gallery wide", ...this.buttons.values());
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", "Themes");
  }

  /** @param {string} name of the chosen theme, "" for the default */
  show(name) {
    for (const [each, button] of this.buttons) button.setAttribute("aria-pressed", String(each === (name || DEFAULT)));
  }
}

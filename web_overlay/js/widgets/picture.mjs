// @ts-check
// A picture of the gateway's cache with a substitute: while it loads its space is kept, and when it
// cannot be loaded the substitute is shown.

import { el } from "./dom.mjs";

export class Picture {
  /**
   * @param {import("./dom.mjs").Stage} stage
   * @param {string} className
   * @param {Element} substitute
   */
  constructor(stage, className, substitute) {
    this.stage = stage;
    this.substitute = substitute;
    this.path = "";
    this.img = el("img", `${className} off`);
    this.img.alt = "";
    this.img.decoding = "async";
    this.img.addEventListener("error", () => this.failed());
  }

  /** @param {string} path of /media/emote/; "" shows the substitute @param {boolean} [beside] the substitute stays beside the picture */
  show(path, beside = false) {
    const { view } = this.stage;
    this.path = path;
    view.source(this.img, path);
    view.toggle(this.img, "off", path === "");
    view.toggle(this.substitute, "off", path !== "" && !beside);
  }

  /** Neither is shown, and what was loaded is let go. */
  clear() {
    const { view } = this.stage;
    this.path = "";
    view.source(this.img, "");
    view.toggle(this.img, "off", true);
    view.toggle(this.substitute, "off", true);
  }

  failed() {
    if (this.path === "") return;
    this.stage.view.toggle(this.img, "off", true);
    this.stage.view.toggle(this.substitute, "off", false);
    this.stage.wake();
  }
}

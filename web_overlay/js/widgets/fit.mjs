// @ts-check
// A smaller size of text for names and messages that would be cut: the class `tight` (css/widgets/latest.css, score.css,
// social.css).
//
// It asks in the frame after the one that wrote the texts. Nothing is written in that frame yet, so layout is that of the
// picture on the screen, and reading it costs nothing.

/** @typedef {import("./dom.mjs").Stage} Stage */

export class Fit {
  /**
   * @param {Stage} stage
   * @param {HTMLElement} box gets the class
   * @param {readonly Element[]} texts
   * @param {(text: Element) => boolean} isCut by default of one line that is cut at its end
   */
  constructor(stage, box, texts, isCut = (node) => node.scrollWidth > node.clientWidth) {
    this.stage = stage;
    this.box = box;
    this.texts = texts;
    this.isCut = isCut;
    this.known = "";
    /** @type {"settled" | "changed" | "written"} */
    this.state = "settled";
    // A text may be the first one of its font, and is then drawn in another until the font is loaded.
    document.fonts.addEventListener("loadingdone", () => this.again());
  }

  /** @param {string} content of the box, so far as it has a width; another one is measured */
  see(content) {
    if (content === this.known) return;
    this.known = content;
    this.again();
  }

  /** Measure again: the room may have changed. */
  again() {
    this.state = "changed";
    this.stage.wake();
  }

  /** To be called in every frame of the widget, after `see`. @returns {boolean} whether it needs another frame */
  frame() {
    if (this.state === "written") {
      const cut = this.texts.some(this.isCut);
      this.stage.view.toggle(this.box, "tight", cut);
      this.state = "settled";
    } else if (this.state === "changed") {
      this.stage.view.toggle(this.box, "tight", false);
      this.state = "written";
    }
    return this.state !== "settled";
  }
}

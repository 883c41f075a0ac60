// @ts-check
// The live preview in a frame. It is loaded again while it has not reported that it is ready, for example after an outage.

const PATIENCE_MS = 15_000; // the double of it after each attempt, because a busy machine needs longer

export class Preview {
  /** @param {HTMLIFrameElement} frame @param {() => object} draft what is edited now */
  constructor(frame, draft) {
    this.frame = frame;
    this.draft = draft;
    this.address = "";
    this.ready = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    addEventListener("message", ({ source, data }) => {
      if (source !== frame.contentWindow || data?.t !== "ready") return;
      clearTimeout(this.timer);
      this.ready = true;
      this.update();
    });
  }

  /** @param {string} address */
  open(address) {
    if (this.address === address) return;
    this.address = address;
    this.load(PATIENCE_MS);
  }

  /** @param {number} patience_ms */
  load(patience_ms) {
    this.ready = false;
    this.frame.src = this.address;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(2 * patience_ms), patience_ms);
  }

  /** Show what is edited. */
  update() {
    if (this.ready) this.frame.contentWindow?.postMessage({ t: "draft", ...this.draft() }, location.origin);
  }
}

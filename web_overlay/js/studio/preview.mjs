// @ts-check
// The live preview in a frame. While the gateway does not answer, the frame has no page of ours: then it is loaded again.

const RETRY_MS = 1_000; // after an error page
const STUCK_MS = 15_000; // without any page; doubled after each attempt, because a busy machine needs longer

export class Preview {
  /** @param {HTMLIFrameElement} frame @param {() => object} draft what is edited now */
  constructor(frame, draft) {
    this.frame = frame;
    this.draft = draft;
    this.address = "";
    this.ready = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.stuck_ms = STUCK_MS;
    frame.addEventListener("load", () => this.loadAgain(RETRY_MS));
    addEventListener("message", ({ source, data }) => {
      if (source !== frame.contentWindow || data?.t !== "ready") return;
      this.ready = true;
      this.update();
    });
  }

  /** @param {string} address */
  open(address) {
    if (this.address === address) return;
    this.address = address;
    this.stuck_ms = STUCK_MS;
    this.load();
  }

  load() {
    this.ready = false;
    this.frame.src = this.address;
    this.loadAgain(this.stuck_ms);
    this.stuck_ms *= 2;
  }

  /** @param {number} after_ms */
  loadAgain(after_ms) {
    clearTimeout(this.timer);
    if (this.address !== "") this.timer = setTimeout(() => this.loaded() || this.load(), after_ms);
  }

  /** Whether a page of ours is in the frame; the document of an error page cannot be read. */
  loaded() {
    return this.frame.contentDocument?.URL.startsWith(location.origin) ?? false;
  }

  /** Whether a widget shows anything now. @param {string} name */
  shows(name) {
    const parts = this.loaded() ? [...(this.frame.contentDocument?.querySelector(`.w-${name}`)?.children ?? [])] : [];
    return parts.some((part) => part.getClientRects().length > 0 && getComputedStyle(part).opacity !== "0");
  }

  /** Show what is edited. */
  update() {
    if (this.ready) this.frame.contentWindow?.postMessage({ t: "draft", ...this.draft() }, location.origin);
  }
}

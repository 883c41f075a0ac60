// @ts-check
// Whether the page can be seen: as the browser says, and in OBS also as OBS says.

export class Presence {
  /** @param {EventTarget} [root] where OBS reports @param {Pick<Document, "visibilityState" | "addEventListener">} [page] */
  constructor(root = globalThis, page = document) {
    this.page = page;
    this.changed = () => {};
    this.shown = true; // the browser source is shown somewhere in OBS: on air, or in a preview
    /** @type {boolean | null} it is part of what is on air; null until OBS says so */
    this.active = null;
    page.addEventListener("visibilitychange", () => this.changed());
    root.addEventListener("obsSourceVisibleChanged", (event) => {
      this.shown = /** @type {CustomEvent} */ (event).detail?.visible !== false;
      this.changed();
    });
    root.addEventListener("obsSourceActiveChanged", (event) => {
      this.active = /** @type {CustomEvent} */ (event).detail?.active === true;
      this.changed();
    });
  }

  get visible() {
    return this.page.visibilityState === "visible" && this.shown;
  }

  /** What a receipt says about it. @returns {{visible: boolean, active?: boolean}} */
  get facts() {
    return { visible: this.visible, ...(this.active === null ? {} : { active: this.active }) };
  }
}

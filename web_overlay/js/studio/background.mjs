// @ts-check
// Selects the background of the preview. The user's own picture is not uploaded.

import { cover, gamePicture } from "../backdrop.mjs";

const CHOICES = [
  ["game", "Game picture"],
  ["checks", "Checkerboard"],
  ["dark", "Dark"],
  ["light", "Light"],
  ["own", "My picture…"],
];
const KEY = "framewire.studio.background";

export class Background {
  /** @param {HTMLElement} stage @param {HTMLCanvasElement} canvas @param {HTMLSelectElement} select @param {HTMLInputElement} file */
  constructor(stage, canvas, select, file) {
    /** @type {HTMLCanvasElement | ImageBitmap | null} */
    this.picture = null;
    this.stage = stage;
    this.canvas = canvas;
    this.select = select;
    select.append(...CHOICES.map(([value, label]) => new Option(label, value)));
    select.addEventListener("change", () => (select.value === "own" ? file.click() : this.choose(select.value)));
    file.accept = "image/*";
    file.addEventListener("change", async () => {
      const [picked] = file.files ?? [];
      const picture = picked === undefined ? null : await createImageBitmap(picked).catch(() => null);
      if (picture === null) this.choose("game");
      else this.paint("own", picture);
      file.value = "";
    });
    file.addEventListener("cancel", () => (select.value = stage.dataset.background ?? "game"));
    this.choose(localStorage.getItem(KEY) ?? "game");
  }

  /** @param {string} name */
  choose(name) {
    const known = CHOICES.some(([value]) => value === name) && name !== "own" ? name : "game";
    localStorage.setItem(KEY, known);
    this.select.value = known;
    if (known === "game") this.paint(known, gamePicture());
    else this.stage.dataset.background = known;
  }

  /** @param {string} name @param {HTMLCanvasElement | ImageBitmap} picture */
  paint(name, picture) {
    this.picture = picture;
    this.stage.dataset.background = name;
    cover(this.canvas, picture);
  }

  /** The stage has this size now. @param {{width: number, height: number}} size */
  fit({ width, height }) {
    if (this.canvas.width === width && this.canvas.height === height) return;
    Object.assign(this.canvas, { width, height });
    if (this.picture !== null) cover(this.canvas, this.picture);
  }
}

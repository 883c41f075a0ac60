// @ts-check
// The programme: the overlay page over a background in place of the game. It connects as a dashboard, so it
// does not count as an overlay and sends no receipts.

import { gamePicture } from "../backdrop.mjs";

const MOST_BYTES = 20_000_000;
const DEFAULT = "preview"; // no overlay has a layout of this name
const NAME = /^[A-Za-z0-9._-]{1,64}$/; // of an overlay

/** @param {string} token @param {string} as the overlay whose layout it has @returns {string} */
function previewAddress(token, as) {
  return `/overlay/?preview=1&overlay_id=${encodeURIComponent(as)}&on_reload=live&mute=1#k=${token}`;
}

/**
 * Let the programme have the layout of a connected overlay, until the operator chooses one.
 * @param {HTMLSelectElement} as its options are there
 * @param {string[]} names of the connected overlays, in the order of the status
 */
export function follow(as, names) {
  const { chosen = "", followed = "" } = as.dataset;
  if (chosen !== "" || names.includes(followed)) return;
  const next = names.find((name) => NAME.test(name)) ?? followed; // after the last one has gone, its layout stays
  if (next === followed && followed !== "") return;
  as.value = next || DEFAULT;
  as.dataset.followed = as.value;
  as.dispatchEvent(new Event("follow"));
}

/**
 * @param {string} token
 * @param {{frame: HTMLIFrameElement, screen: HTMLElement, unfold: HTMLElement, as: HTMLSelectElement, background: HTMLSelectElement, picture: HTMLInputElement}} at
 * @param {(words: string) => void} say
 */
export function wirePreview(token, at, say) {
  // In a dock it is folded, and a page that is not visible would still render.
  const room = matchMedia("(min-width: 421px)");
  let unfolded = false;
  const load = () => {
    const shown = room.matches || unfolded;
    at.screen.classList.toggle("off", !shown);
    at.frame.src = shown ? previewAddress(token, at.as.value || DEFAULT) : "about:blank";
  };
  at.unfold.addEventListener("click", () => {
    unfolded = !unfolded;
    at.unfold.setAttribute("aria-expanded", String(unfolded));
    at.unfold.textContent = unfolded ? "Hide" : "Show";
    load();
  });
  room.addEventListener("change", load);
  const paint = () => {
    const { value } = at.background;
    at.screen.dataset.background = value;
    at.screen.style.backgroundImage = value === "game" ? `url("${gamePicture().toDataURL("image/jpeg")}")` : "";
    if (value === "picture") at.picture.click();
  };
  at.as.addEventListener("follow", load);
  at.as.addEventListener("change", () => {
    at.as.dataset.chosen = at.as.value;
    load();
  });
  at.background.addEventListener("change", paint);
  at.picture.addEventListener("change", () => {
    const file = at.picture.files?.[0];
    if (file === undefined) return;
    if (file.size > MOST_BYTES) {
      say("The picture is larger than 20 MB.");
      return;
    }
    const reader = new FileReader();
    reader.addEventListener("load", () => (at.screen.style.backgroundImage = `url("${reader.result}")`));
    reader.addEventListener("error", () => say("The picture cannot be read."));
    reader.readAsDataURL(file); // a blob: address would need another hole in the content security policy
  });
  paint();
}

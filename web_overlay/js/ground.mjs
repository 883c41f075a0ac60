// @ts-check
// `?bg=`: something behind the overlay, to look at it in a browser. Never in OBS, where it would cover the game.

import { gamePicture } from "./backdrop.mjs";

const CHECKER = "repeating-conic-gradient(#5b6572 0 25%, #7d8896 0 50%) 0 0 / 32px 32px";

/** @param {string} bg "checker", "game", "black", "white", or six hexadecimal digits @param {(problem: string) => void} report */
export function lay(bg, report) {
  if ("obsstudio" in globalThis) return report("?bg is not used in OBS, where it would cover what is below the overlay");
  if (bg === "game") {
    const picture = gamePicture();
    picture.style.cssText = "position: fixed; width: 100%; height: 100%; object-fit: cover";
    document.body.prepend(picture);
  } else document.body.style.background = bg === "checker" ? CHECKER : bg.replace(/^(?=[0-9a-f]{6}$)/, "#");
}

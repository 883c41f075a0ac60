// @ts-check
// The address for OBS. It contains a secret, and the dashboard may be on stream: it is copied without being shown, and shown
// only on request, for half a minute.

import { addressOf } from "../core/address.mjs";
import { ask } from "./api.mjs";

// docs/overlay.md, "OBS", has the reasons.
const SOURCE =
  "paste it into a browser source only, of 1920 × 1080, with these off: Use custom frame rate, Shutdown source when not visible, " +
  "Refresh browser when scene becomes active.";
const SHOWN_MS = 30_000;
const NAME = "obs"; // as in the address that `start` prints

/** A name for the next overlay. @param {string[]} taken names of those that are connected */
export function freeName(taken) {
  let name = NAME;
  for (let number = 2; taken.includes(name); number += 1) name = `${NAME}-${number}`;
  return name;
}

/** @param {string} token @param {string} name @returns {Promise<string>} @throws with a sentence for people */
async function overlayAddress(token, name) {
  const answer = await ask("/api/address", token);
  if (typeof answer?.display_token !== "string") throw new Error("The command `token show display` prints it.");
  return addressOf(location.origin, { overlay_id: name }, answer.display_token);
}

/**
 * @param {string} token
 * @param {{copy: HTMLElement, show: HTMLElement, text: HTMLElement}} at
 * @param {() => string[]} taken names of the overlays that are connected
 * @param {(words: string) => void} say
 */
export function wireAddress(token, at, taken, say) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const reveal = (/** @type {string} */ url) => {
    clearTimeout(timer);
    at.text.textContent = url;
    at.text.classList.toggle("off", url === "");
    at.show.textContent = url === "" ? "Show OBS address" : "Hide OBS address";
    if (url !== "") timer = setTimeout(() => reveal(""), SHOWN_MS);
  };
  const told = (/** @type {unknown} */ error) => say(error instanceof Error ? error.message : String(error));
  at.copy.addEventListener("click", async () => {
    try {
      const url = await overlayAddress(token, freeName(taken()));
      const copied = await navigator.clipboard.writeText(url).then(
        () => true,
        () => false, // OBS docks may not allow it; the address can still be selected
      );
      if (!copied) {
        reveal(url);
        getSelection()?.selectAllChildren(at.text);
      }
      say(`${copied ? "OBS address copied. It holds a secret" : "Select and copy the address"}: ${SOURCE}`);
    } catch (error) {
      told(error);
    }
  });
  at.show.addEventListener("click", () => {
    if (at.text.textContent !== "") reveal("");
    else overlayAddress(token, freeName(taken())).then(reveal, told);
  });
}

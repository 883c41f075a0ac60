// @ts-check
// Loads the page again, once, when the gateway serves another build of it: the program was updated.

import { answers } from "./core/transports.mjs";
import { firstReload, forgetReload } from "./place.mjs";
import { BUILD } from "./version.mjs";

const LOOK_MS = 250;
const PATIENCE_MS = 15_000; // for an announcement to end; others may follow it without a pause

/** @param {string} build of the gateway @param {() => boolean} busy is an announcement shown? */
export async function renew(build, busy) {
  if (build === "" || BUILD === "" || build === BUILD) {
    forgetReload();
    return;
  }
  if (!firstReload()) return;
  let waited_ms = 0;
  // A page that is loaded while the gateway is away stays empty: OBS does not try again.
  while ((busy() && waited_ms < PATIENCE_MS) || !(await answers(location.origin))) {
    await new Promise((again) => setTimeout(again, LOOK_MS));
    waited_ms += LOOK_MS;
  }
  location.reload();
}

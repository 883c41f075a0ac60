// @ts-check
// The buttons that save the measurements of the last minutes as a file.

import { csv } from "../core/watch.mjs";
import { download } from "../download.mjs";
import { el, text } from "../widgets/dom.mjs";

/** @typedef {import("./hud.mjs").Figures} Figures */

/** @param {() => Figures} figures @param {import("../core/watch.mjs").Watch} watch */
export function exportButtons(figures, watch) {
  return el("div", "hud-export", button("CSV", figures, watch), button("JSON", figures, watch));
}

/** @param {"CSV" | "JSON"} format @param {() => Figures} figures @param {import("../core/watch.mjs").Watch} watch */
function button(format, figures, watch) {
  const made = el("button", "", text(format));
  made.addEventListener("click", () => {
    const { about, problems, systems } = figures();
    const { samples } = watch;
    if (format === "CSV") download(`${about.overlay}.csv`, "text/csv", csv(samples));
    else download(`${about.overlay}.json`, "application/json", `${JSON.stringify({ ...about, problems, systems, samples }, null, 1)}\n`);
  });
  return made;
}

// @ts-check
// The widgets of the page, each in its own section. Adding a widget means adding a line here, and to docs/overlay.md.

import { Banner } from "./widgets/banner.mjs";
import { Chat } from "./widgets/chat.mjs";
import { Crosshair } from "./widgets/crosshair.mjs";
import { el } from "./widgets/dom.mjs";
import { Hitmarkers } from "./widgets/hitmarkers.mjs";
import { Killfeed } from "./widgets/killfeed.mjs";
import { GAME, SOCIAL, gameNotice, socialNotice } from "./widgets/notices.mjs";
import { Score } from "./widgets/score.mjs";
import { Streak } from "./widgets/streak.mjs";

/** @typedef {import("./widgets/dom.mjs").Stage} Stage */
/** @typedef {import("./core/types.mjs").Widget} Widget */

/** @type {Record<string, (stage: Stage, root: HTMLElement) => Widget>} in the order of the document: later is in front */
const MAKERS = {
  crosshair: (stage, root) => new Crosshair(stage, root),
  chat: (stage, root) => new Chat(stage, root),
  killfeed: (stage, root) => new Killfeed(stage, root),
  score: (stage, root) => new Score(stage, root),
  streak: (stage, root) => new Streak(stage, root),
  social: (stage, root) =>
    new Banner(stage, root, { name: "social", types: SOCIAL, describe: socialNotice, shift: "translateX(.4rem)" }),
  alerts: (stage, root) =>
    new Banner(stage, root, { name: "alerts", types: GAME, describe: gameNotice, shift: "translateY(-.25rem)" }),
  hitmarkers: (stage, root) => new Hitmarkers(stage, root),
};

/**
 * @param {Stage} stage
 * @param {HTMLElement} root
 * @returns {Widget[]}
 */
export function build(stage, root) {
  return Object.entries(MAKERS)
    .filter(([name]) => stage.options.widgets.includes(name))
    .map(([name, make]) => {
      const section = el("section", `w w-${name}`);
      root.append(section);
      return make(stage, section);
    });
}

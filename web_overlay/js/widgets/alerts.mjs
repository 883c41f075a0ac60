// @ts-check
// Announcements of the game: alerts, rounds, objectives.

import { Banner } from "./banner.mjs";
import { GAME, gameNotice } from "./notices.mjs";

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "alerts",
  title: "Game alerts",
  types: [...GAME, "score"],
  samples: ["alert_start"],
  box: { x: 680, y: 228, width: 560, height: 220, anchor: "top" },
  upright: { x: 54, y: 190, width: 972, height: 200, anchor: "top" },
  load: (stage, root) => {
    /** @type {Record<string, unknown>} names of teams */
    let names = {};
    /** @param {any} event */
    const describe = (event) => {
      if (event.type !== "score") return gameNotice(event, stage.texts, names);
      names = event.payload.names ?? names;
      return null;
    };
    return new Banner(stage, root, { name: "alerts", describe, edge: "top" });
  },
};

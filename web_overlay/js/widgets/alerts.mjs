// @ts-check
// Announcements of the game: alerts, rounds, objectives.

import { Match } from "../core/match.mjs";
import { Banner } from "./banner.mjs";
import { GAME, gameNotice } from "./notices.mjs";

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "alerts",
  title: "Game alerts",
  types: [...GAME, "score"],
  samples: ["alert_start"],
  box: { x: 680, y: 256, width: 560, height: 202, anchor: "top" },
  upright: { x: 54, y: 206, width: 972, height: 188, anchor: "top" },
  load: (stage, root) => {
    const match = new Match();
    /** @param {any} event */
    const describe = (event) => {
      if (event.type !== "score") return gameNotice(event, stage.texts, match.names());
      match.add(event);
      return null;
    };
    return new Banner(stage, root, { name: "alerts", describe, edge: "top" });
  },
};

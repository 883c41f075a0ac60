// @ts-check
// Announcements of the platform: followers, subscriptions, raids, cheers.

import { Banner } from "./banner.mjs";
import { SOCIAL, socialNotice } from "./notices.mjs";

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "social",
  title: "Social alerts",
  types: SOCIAL,
  box: { x: 1304, y: 650, width: 520, height: 190, anchor: "bottom-right" },
  upright: { x: 506, y: 1300, width: 520, height: 190, anchor: "bottom-right" },
  make: (stage, root) => new Banner(stage, root, { describe: socialNotice, shift: "translateX(.4rem)" }),
};

// @ts-check
// A poll of the channel, from its begin until 10 s after its end.

import { votes } from "./votes.mjs";

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "poll",
  title: "Poll",
  types: ["poll"],
  box: { x: 602, y: 800, width: 344, height: 158, anchor: "bottom" },
  upright: { x: 54, y: 1210, width: 440, height: 220, anchor: "bottom-left" },
  load: (stage, root) => votes(stage, root, "poll"),
};

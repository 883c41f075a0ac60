// @ts-check
// A prediction of the channel, from its begin until 10 s after its end.

import { votes } from "./votes.mjs";

/** @type {import("../core/types.mjs").WidgetKind} */
export const widget = {
  name: "prediction",
  title: "Prediction",
  types: ["prediction"],
  box: { x: 952, y: 800, width: 344, height: 158, anchor: "bottom" },
  upright: { x: 546, y: 722, width: 480, height: 148, anchor: "right" },
  load: (stage, root) => votes(stage, root, "prediction"),
};

// @ts-check
// All widgets, in the order of the picture: later ones are in front. A new widget is a module, a style sheet and a line here.

import { widget as alerts } from "./alerts.mjs";
import { widget as application } from "./application.mjs";
import { widget as chat } from "./chat.mjs";
import { widget as crosshair } from "./crosshair.mjs";
import { widget as goal } from "./goal.mjs";
import { widget as hitmarkers } from "./hitmarkers.mjs";
import { widget as hypeTrain } from "./hype_train.mjs";
import { widget as killfeed } from "./killfeed.mjs";
import { widget as latest } from "./latest.mjs";
import { widget as poll } from "./poll.mjs";
import { widget as prediction } from "./prediction.mjs";
import { widget as radar } from "./radar.mjs";
import { widget as score } from "./score.mjs";
import { widget as social } from "./social.mjs";
import { widget as streak } from "./streak.mjs";
import { widget as ticker } from "./ticker.mjs";

/** @type {readonly import("../core/types.mjs").WidgetKind[]} */
export const WIDGETS = [
  ...[crosshair, radar, latest, goal, hypeTrain, poll, prediction, ticker, application, chat],
  ...[killfeed, score, streak, social, alerts, hitmarkers],
];

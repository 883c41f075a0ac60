// @ts-check
// What the test buttons send: the example of every type, and short scenes. The players are invented; `source` marks the
// events as tests for `why` and for the log.

import { CATALOG } from "../core/catalog.mjs";

/** @typedef {{type: string, payload: Record<string, unknown>}} Submission */

const player = (/** @type {string} */ id, /** @type {string} */ name, /** @type {string} */ team) => ({
  id: `test-${id}`,
  name,
  team,
});
const ZEPHYR = player("1", "Zephyr", "CT");
const MARROW = player("2", "Marrow", "T");

let made = 0;

/** @type {[string, () => Submission[]][]} several events, or what an example cannot show */
const SCENES = [
  [
    "Double kill",
    () =>
      [1, 2].map((n) => ({
        type: "kill",
        payload: { attacker: ZEPHYR, victim: player(`x${n}`, `Target ${n}`, "T"), weapon: "m4a1" },
      })),
  ],
  [
    "Hits",
    () =>
      [1, 2, 3, 4].map(() => ({
        type: "hit",
        payload: { attacker: ZEPHYR, victim: MARROW, weapon: "ak47", damage: 27 },
      })),
  ],
  [
    "Chat",
    () => [
      {
        type: "chat",
        payload: {
          user: "viewer",
          text: "A line of chat, to see how it reads over the game.",
          color: "#0000ff",
          message_id: `test-${(made += 1)}`,
          user_id: "test-viewer",
        },
      },
    ],
  ],
  ["Clear chat", () => [{ type: "chat_delete", payload: {} }]],
  ["HUD on", () => [{ type: "toggle", payload: { name: "hud", on: true } }]],
  ["HUD off", () => [{ type: "toggle", payload: { name: "hud", on: false } }]],
];

// A chat message is shown once per message_id, and a toggle or a deletion needs a target: the scenes have those.
const WITH_SCENES = new Set(["chat", "chat_delete", "toggle"]);

/** @type {[string, () => Submission[]][]} a button and what it sends */
export const SAMPLES = [
  ...CATALOG.filter(({ type }) => !WITH_SCENES.has(type)).map(
    ({ type, title, example }) =>
      /** @type {[string, () => Submission[]]} */ ([title, () => [{ type, payload: { ...example } }]]),
  ),
  ...SCENES,
];

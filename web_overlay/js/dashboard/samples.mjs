// @ts-check
// What the test buttons send. The players are invented; `source` marks the events as tests for `why` and for the log.

const player = (/** @type {string} */ id, /** @type {string} */ name, /** @type {string} */ team) => ({
  id: `test-${id}`,
  name,
  team,
});
const ZEPHYR = player("1", "Zephyr", "CT");
const MARROW = player("2", "Marrow", "T");
const HALDEN = player("3", "Halden", "CT");

let made = 0;

/** @type {[string, () => {type: string, payload: Record<string, unknown>}[]][]} a button and what it sends */
export const SAMPLES = [
  ["Kill", () => [{ type: "kill", payload: { attacker: ZEPHYR, victim: MARROW, weapon: "ak47" } }]],
  ["Headshot", () => [{ type: "kill", payload: { attacker: MARROW, victim: HALDEN, weapon: "awp", headshot: true } }]],
  ["Revive", () => [{ type: "revive", payload: { medic: HALDEN, revived: ZEPHYR } }]],
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
  [
    "Alert start",
    () => [
      {
        type: "alert_start",
        payload: { alert: "test", title: "Indar", subtitle: "The fight for the continent begins" },
      },
    ],
  ],
  ["Alert win", () => [{ type: "alert_end", payload: { alert: "test", outcome: "win", title: "Indar" } }]],
  ["Round end", () => [{ type: "round", payload: { phase: "end", winner: "CT", reason: "bomb_defused" } }]],
  ["Score", () => [{ type: "score", payload: { scores: { CT: 11, T: 9 }, names: { CT: "Blue", T: "Orange" } } }]],
  ["Follow", () => [{ type: "follow", payload: { user: "new_friend" } }]],
  [
    "Subscription",
    () => [
      { type: "subscription", payload: { user: "old_friend", tier: "1000", months: 12, text: "A year already!" } },
    ],
  ],
  ["Raid", () => [{ type: "raid", payload: { user: "neighbour", viewers: 1234 } }]],
  ["Cheer", () => [{ type: "cheer", payload: { user: "patron", bits: 500, text: "Well played" } }]],
  ["HUD on", () => [{ type: "toggle", payload: { name: "hud", on: true } }]],
  ["HUD off", () => [{ type: "toggle", payload: { name: "hud", on: false } }]],
];

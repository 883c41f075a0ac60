// @ts-check
// Commands of the operator: the message to the gateway, and a sentence with the result.

import { Confirm } from "./confirm.mjs";
import { UNSHOWN, titleOf } from "./describe.mjs";

/** @typedef {import("./desk.mjs").Desk} Desk */

const sure = new Confirm();
const ANSWER_MS = 8_000; // the deadline of a command is 5 s, and the gateway waits 2 s longer

/** @param {unknown} error */
export const sentence = (error) => (error instanceof Error ? error.message : String(error));

/** @param {Desk} desk @param {string} label @param {string} name @param {Record<string, unknown>} args @returns {Promise<boolean>} whether it was accepted */
export async function order(desk, label, name, args) {
  if (!desk.mayOrder) return false;
  try {
    const { accepted, reached, type } = await desk.line.order(name, args);
    const what = reached > 0 ? `${reached} reached` : accepted > 2 ? `${accepted} events accepted` : "accepted";
    const sent = args.type === "random" && type !== "" ? `${titleOf(type)} ` : "";
    const unseen = name === "test" && UNSHOWN.has(type) ? " No widget shows this type; it is in the list of events." : "";
    desk.say(`${label}: ${sent}${what}.${unseen}`);
    return true;
  } catch (error) {
    desk.say(`${label}: ${sentence(error)}`);
    return false;
  }
}

export const stormWaits = () => sure.waits(performance.now());

/** Send 200 events on air, after a second press. @param {Desk} desk */
export function storm(desk) {
  if (sure.press(performance.now())) void desk.order("Storm of 200", "test", { type: "storm" });
  else desk.say("Again to send 200 events on air.");
}

/** Send a command to an application and show its answer beside it. @param {Desk} desk @param {string} application @param {string} command */
export async function command(desk, application, command) {
  if (!desk.mayOrder) return;
  const show = (/** @type {string} */ words) => {
    desk.answers.set(application, `${command.replaceAll("_", " ")}: ${words}`);
    desk.changed();
  };
  show("waiting for the answer…");
  try {
    const { text, answered } = await desk.line.order("application", { application, command }, ANSWER_MS);
    show(text || (answered ? "done." : "sent; this application does not answer."));
  } catch (error) {
    show(sentence(error));
  }
}

/** Copy a text to the clipboard. @param {Desk} desk @param {string} text @param {string} what it is */
export async function copy(desk, text, what) {
  const done = await navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
  desk.say(done ? `${what} copied.` : `The browser does not allow it. ${what}: ${text}`);
}

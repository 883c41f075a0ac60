// @ts-check
// HTTP requests to the gateway, with the token of the address's fragment.

import { Refusals } from "../refusals.mjs";

export class Refused extends Error {}

const refusals = new Refusals();

/**
 * @param {string} path
 * @param {string} token
 * @returns {Promise<any>}
 * @throws {Refused} with a sentence for people
 */
export async function ask(path, token) {
  refusals.check(path, token);
  let response;
  try {
    response = await fetch(path, {
      headers: { Authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: timeout(5_000),
    });
  } catch {
    throw new Refused("The gateway does not answer. Is Framewire running?");
  }
  const body = await response.json().catch(() => null);
  if (response.status === 401) throw refusals.add(path, token, new Refused(refusal(token, body?.scope)));
  if (response.ok || response.status === 404) return body;
  throw new Refused(body?.error ?? `The gateway answered with status ${response.status}.`);
}

/** @param {string} token that was refused @param {unknown} scope of it, "" when the gateway does not know it */
export function refusal(token, scope) {
  if (token === "") return "This address has no token. Open the dashboard address that the start of Framewire printed.";
  const wrong = scope === "display" ? "is that of an overlay, and the dashboard needs the control token" : "is wrong or was replaced";
  return `The token in this address ${wrong}. Open the dashboard address that the command \`token show control\` prints.`;
}

/** The history of an event; after a failure an answer with the reason. @param {string} id @param {string} token */
export function historyOf(id, token) {
  const path = `/api/why?id=${encodeURIComponent(id)}`;
  return ask(path, token).catch((error) => ({ reasons: [error instanceof Error ? error.message : String(error)] }));
}

/** @param {number} ms */
function timeout(ms) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms);
  return controller.signal;
}

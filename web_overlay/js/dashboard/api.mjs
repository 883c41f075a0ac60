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
  if (response.status === 401) throw refusals.add(path, token, new Refused(refusal(token, body)));
  if (response.ok || response.status === 404) return body;
  throw new Refused(body?.error ?? `The gateway answered with status ${response.status}.`);
}

/** @param {string} token that was refused @param {any} body of the answer; `scope` is "" when the gateway does not know the token */
export function refusal(token, body) {
  if (token === "") return "This address has no token. Open the dashboard address that the start of Framewire printed.";
  if (body?.expired === true) return `${String(body.error).replace(/^./, (first) => first.toUpperCase())}.`;
  const prints = "the dashboard address that the command `token show control` prints";
  if (body?.scope === "display") return `The token in this address is that of an overlay, and the dashboard needs the control token. Open ${prints}.`;
  return `The token in this address is wrong, was replaced or was revoked. Ask the operator for a new address; on the computer of Framewire, open ${prints}.`;
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

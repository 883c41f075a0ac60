// @ts-check
// HTTP requests to the gateway, with the token of the address's fragment.

export class Refused extends Error {}

/**
 * @param {string} path
 * @param {string} token
 * @returns {Promise<any>}
 * @throws {Refused} with a sentence for people
 */
export async function ask(path, token) {
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
  if (response.status === 401) {
    throw new Refused(
      token === ""
        ? "This address has no token. Open the dashboard address that the start of Framewire printed."
        : "The token in this address is wrong or was replaced. Open the dashboard address that the command `token show control` prints.",
    );
  }
  const body = await response.json().catch(() => null);
  if (response.ok || response.status === 404) return body;
  throw new Refused(body?.error ?? `The gateway answered with status ${response.status}.`);
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

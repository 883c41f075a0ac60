// @ts-check
// Tokens that the gateway has refused. Each time that it sees one counts as an attempt to guess one, and any page can link to
// a dashboard or a studio with a wrong token: so it is not sent again at once.

const REFUSED_MS = 30_000;

export class Refusals {
  constructor() {
    /** By path and token. @type {Map<string, {error: Error, until: number}>} */
    this.known = new Map();
  }

  /** Throw the error of a refusal that is not long ago. @param {string} path @param {string} token */
  check(path, token) {
    const before = this.known.get(keyOf(path, token));
    if (before !== undefined && Date.now() < before.until) throw before.error;
  }

  /** @template {Error} E @param {string} path @param {string} token @param {E} error @returns {E} */
  add(path, token, error) {
    this.known.set(keyOf(path, token), { error, until: Date.now() + REFUSED_MS });
    return error;
  }
}

/** @param {string} path @param {string} token */
function keyOf(path, token) {
  return `${path.split("?")[0]} ${token}`;
}

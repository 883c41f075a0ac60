// @ts-check
// Requests of the studio to the gateway, with the control token of the address's fragment.

import { readLayout } from "../core/layout-file.mjs";
import { emptyLayout } from "../core/layout.mjs";
import { Refusals } from "../refusals.mjs";

/** @typedef {import("../core/types.mjs").Layout} Layout */
/** @typedef {{overlay: string, layout: Layout, revision: string, source: string | null, error: string, layouts: string[]}} Answer */

/** Names of all themes, also of the user's own, and of those with a picture. @typedef {{themes: string[], previews: string[]}} Themes */

const WITHIN_MS = 5_000;

/** A refusal by the gateway; the message is shown to the user. */
export class Refusal extends Error {
  /** @param {string} message @param {number} status 0 when it did not answer */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export class Gateway {
  /** @param {string} token */
  constructor(token) {
    this.token = token;
    this.refusals = new Refusals();
  }

  /**
   * @param {string} path
   * @param {RequestInit} [request]
   * @returns {Promise<any>}
   * @throws {Refusal}
   */
  async ask(path, { headers, ...request } = {}) {
    this.refusals.check(path, this.token);
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), WITHIN_MS);
    try {
      const response = await fetch(path, {
        ...request,
        headers: { ...headers, Authorization: `Bearer ${this.token}` },
        cache: "no-store",
        signal: control.signal,
      }).catch(() => null);
      const body = (await response?.json().catch(() => null)) ?? null;
      if (response === null || (response.ok && body === null)) {
        throw new Refusal("The gateway does not answer. Is Framewire running?", 0); // also when its answer is cut off
      }
      if (response.ok) return body;
      if (response.status === 401) {
        const text = "This address has no valid control token. Open the studio from the dashboard.";
        throw this.refusals.add(path, this.token, new Refusal(text, 401));
      }
      throw new Refusal(String(body?.error ?? `the gateway answered with status ${response.status}`), response.status);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {string} overlay @returns {Promise<Answer>} */
  async load(overlay) {
    return answer(await this.ask(path(overlay)));
  }

  /**
   * @param {string} overlay
   * @param {Layout} layout
   * @param {string | null} revision what was loaded, "" for nothing; null stores over whatever is there
   * @returns {Promise<Answer>}
   * @throws {Refusal} status 412: another one was stored since
   */
  async store(overlay, layout, revision) {
    /** @type {Record<string, string>} */
    const headers = revision === null ? {} : revision === "" ? { "If-None-Match": "*" } : { "If-Match": `"${revision}"` };
    return answer(await this.ask(path(overlay), { method: "PUT", headers, body: JSON.stringify(layout) }));
  }

  /** @returns {Promise<string>} */
  async displayToken() {
    return String((await this.ask("/api/address"))?.display_token ?? "");
  }

  /** @returns {Promise<Themes>} */
  async themes() {
    return { themes: [], previews: [], ...(await this.ask("/themes/")) };
  }

  /** @returns {Promise<string[]>} the ids of the overlays that are connected */
  async overlays() {
    const clients = (await this.ask("/api/status"))?.clients ?? [];
    return [...new Set(clients.map((/** @type {any} */ client) => String(client.overlay_id)))];
  }
}

/** @param {string} overlay */
function path(overlay) {
  return `/api/layout?overlay=${encodeURIComponent(overlay)}`;
}

/** @param {any} body @returns {Answer} */
function answer(body) {
  return { ...body, layout: body.layout === null ? emptyLayout() : readLayout(body.layout) };
}

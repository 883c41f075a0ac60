// @ts-check
// Test events: one short conversation per click (docs/wire.md, "Commands"), so that the dashboard is no overlay that
// hangs about, never draws, and looks as if it were behind.

import { hello } from "../core/protocol.mjs";

/** What the page calls itself while it sends; its own table leaves that out. */
export const DASHBOARD = "dashboard";
const WITHIN_MS = 4_000;

/**
 * @param {string} token a control token
 * @param {Record<string, unknown>} submission what POST /events takes
 * @param {typeof WebSocket} [Socket]
 * @returns {Promise<void>} when the event was accepted
 */
export function emit(token, submission, Socket = WebSocket) {
  return new Promise((resolve, reject) => {
    const socket = new Socket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    const end = (/** @type {string | null} */ error) => {
      clearTimeout(timer);
      socket.onclose = socket.onmessage = null;
      socket.close();
      if (error === null) resolve();
      else reject(new Error(error));
    };
    const timer = setTimeout(() => end("The gateway did not answer in time."), WITHIN_MS);
    socket.onopen = () => {
      const who = {
        token,
        overlayId: "dashboard",
        resume: null,
        format: "json",
        build: DASHBOARD,
        types: ["custom"],
      };
      socket.send(JSON.stringify(hello(who)));
      socket.send(JSON.stringify({ t: "command", id: "emit", name: "emit", args: submission }));
    };
    socket.onmessage = ({ data }) => {
      const message = typeof data === "string" ? JSON.parse(data) : null;
      if (message?.t === "result") end(message.ok === true ? null : String(message.error ?? "refused"));
    };
    socket.onclose = ({ code, reason }) =>
      end(reason || (code === 4500 ? "The token is wrong." : `The connection was closed (code ${code}).`));
  });
}

// @ts-check
// Commands to the gateway (docs/wire.md, "Commands"), one after the other over one connection that then ends.

import { hello } from "../core/protocol.mjs";

const WITHIN_MS = 8_000;

/** @typedef {{name: string, args: Record<string, unknown>}} Command */

/**
 * @param {string} token a control token
 * @param {Command[]} commands
 * @returns {Promise<number>} how many there were, when all were accepted
 */
export function send(token, commands) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    let next = 0;
    const end = (/** @type {string} */ error) => {
      clearTimeout(timer);
      socket.onclose = socket.onmessage = null;
      socket.close();
      if (error === "") resolve(next);
      else reject(new Error(error));
    };
    const timer = setTimeout(() => end("The gateway did not answer in time."), WITHIN_MS);
    const say = () => {
      if (next === commands.length) end("");
      else socket.send(JSON.stringify({ t: "command", id: String(next), ...commands[next] }));
    };
    socket.onopen = () => {
      const who = { token, overlayId: "studio", resume: null, format: "json", build: "studio", types: ["show"] };
      socket.send(JSON.stringify(hello({ ...who, role: "dashboard" })));
      say();
    };
    socket.onmessage = ({ data }) => {
      const message = typeof data === "string" ? JSON.parse(data) : null;
      if (message?.t !== "result") return;
      if (message.ok !== true) return end(String(message.error ?? "refused"));
      next += 1;
      say();
    };
    socket.onclose = ({ code, reason }) => end(reason || `The connection was closed (code ${code}).`);
  });
}

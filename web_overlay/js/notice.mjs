// @ts-check
// The one message to the streamer: the overlay has stopped, and what to do. Only in a browser: in OBS the page is on air.

import { el, text } from "./widgets/dom.mjs";

/** @type {Record<number, [string, string]>} */
const REASONS = {
  4500: [
    "The token in this address is wrong, has expired, or was revoked",
    "Copy the overlay address from the dashboard again and paste it as the URL of this browser source.",
  ],
  4502: [
    "The gateway received a malformed message from this page",
    "Refresh this browser source. If it happens again, update Framewire.",
  ],
  4503: [
    "The token in this address may not be used for an overlay",
    "Copy the overlay address from the dashboard again.",
  ],
  4504: [
    "This page and the gateway have different versions",
    "Refresh this browser source with “Refresh cache of current page”.",
  ],
  1009: ["This page sent a message that was too large", "Refresh this browser source. If it happens again, report it."],
};

/**
 * @param {number} code a close code of docs/wire.md
 * @param {boolean} tokenless the address has no `#k=`
 * @param {string} said what the server said, for the curious
 */
export function stopped(code, tokenless, said) {
  let [title, action] = REASONS[code] ?? [
    "The gateway refused this page",
    "Refresh this browser source.",
  ];
  if (code === 4500 && tokenless) title = "This address has no token (the part after #k=)";
  return { title, action, code: said === "" ? `code ${code}` : `code ${code}: ${said.slice(0, 120)}` };
}

/** @param {HTMLElement} root @param {ReturnType<typeof stopped>} notice */
export function showNotice(root, notice) {
  root.replaceChildren(
    el("div", "notice-title", text(`Overlay stopped. ${notice.title}.`)),
    el("div", "notice-action", text(notice.action)),
    el("div", "notice-code", text(`Framewire, ${notice.code}`)),
  );
  root.classList.remove("off");
}

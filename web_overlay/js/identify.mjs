// @ts-check
// The command "identify" of a dashboard: shows the name of this overlay in a corner for some seconds. With several browser
// sources in one scene, only this shows which overlay is which.

const MAX_MS = 10_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * @param {HTMLElement} root
 * @param {string} name
 * @param {number} for_ms
 */
export function showName(root, name, for_ms) {
  clearTimeout(timer);
  root.textContent = name;
  root.classList.remove("off");
  timer = setTimeout(() => root.classList.add("off"), Math.min(for_ms, MAX_MS));
}

// @ts-check
// The answer to "identify" of a dashboard: this overlay's name in a corner, for some seconds. With several browser
// sources in one scene, it is the only way to see which is which.

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

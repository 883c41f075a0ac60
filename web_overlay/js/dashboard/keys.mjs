// @ts-check
// Keys of the dashboard. A key is ignored while the operator types in a field, with a modifier, or when it repeats.

/** @param {KeyboardEvent} event @returns {boolean} */
function typing(event) {
  const target = event.target;
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/**
 * @param {Record<string, () => void>} keys by `event.key`, in lower case
 * @param {EventTarget} [target]
 */
export function listen(keys, target = globalThis) {
  target.addEventListener("keydown", (raw) => {
    const event = /** @type {KeyboardEvent} */ (raw);
    const key = event.key.toLowerCase();
    if (typing(event)) {
      if (key === "escape") /** @type {HTMLElement} */ (event.target).blur();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key]();
  });
}

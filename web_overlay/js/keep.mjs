// @ts-check
// Data of a widget that survives a reload, in the storage of the browser source. Without storage it starts from zero.

/**
 * @param {string} overlayId
 * @param {() => Storage} [storage] access itself may throw (blocked cookies)
 */
export function keeper(overlayId, storage = () => localStorage) {
  const keyOf = (/** @type {string} */ name) => `framewire.keep.${overlayId}.${name}`;
  return {
    /** @param {string} name @returns {any} what was kept, or null */
    load(name) {
      try {
        return JSON.parse(storage().getItem(keyOf(name)) ?? "null");
      } catch {
        return null; // blocked, or not ours
      }
    },
    /** @param {string} name @param {unknown} value */
    save(name, value) {
      try {
        storage().setItem(keyOf(name), JSON.stringify(value));
      } catch {
        // Full or blocked: the widget begins anew after a reload.
      }
    },
  };
}

// @ts-check
// Data of a widget that survives a reload, in the storage of the browser source. Without storage it starts from zero.

const EVERY_MS = 250; // what changes often is written so often, and when the page is closed

/**
 * @param {string} overlayId
 * @param {() => Storage} [storage] access itself may throw (blocked cookies)
 * @param {(run: () => void, ms: number) => unknown} [setTimer]
 */
export function keeper(overlayId, storage = () => localStorage, setTimer = (run, ms) => setTimeout(run, ms)) {
  const keyOf = (/** @type {string} */ name) => `framewire.keep.${overlayId}.${name}`;
  /** @type {Map<string, () => unknown>} what makes the values of `saveSoon` */
  const makers = new Map();
  /** @type {Set<string>} names whose values have changed since they were written */
  const changed = new Set();
  let resting = false; // less than EVERY_MS after the last write
  const keep = {
    /** Called after values of `saveSoon` were written. */
    written: () => {},
    /** Have values changed that are not written yet? */
    get waits() {
      return changed.size > 0;
    },
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
    /** A value has changed: it is written now or soon, and when the page is closed. @param {string} name @param {() => unknown} make */
    saveSoon(name, make) {
      makers.set(name, make);
      changed.add(name);
      if (!resting) write();
    },
    /** The page is being closed: write all values of `saveSoon`. */
    close() {
      for (const name of makers.keys()) changed.add(name);
      flush();
    },
  };
  const flush = () => {
    for (const name of changed) keep.save(name, makers.get(name)?.());
    changed.clear();
    keep.written();
  };
  const write = () => {
    flush();
    resting = true;
    setTimer(() => {
      resting = false;
      if (changed.size > 0) write();
    }, EVERY_MS);
  };
  return keep;
}

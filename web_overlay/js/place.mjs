// @ts-check
// Data that survives a reload: the name of this overlay, and its position. Without storage a page starts at the present.

/** @typedef {import("./core/types.mjs").Place} Place */

const PREFIX = "framewire.";

/**
 * @param {() => Storage} storage access itself may throw (blocked cookies)
 * @param {(storage: Storage) => void} use
 */
function attempt(storage, use) {
  try {
    use(storage());
  } catch {
    // Full or forbidden: the overlay works without, it only cannot go on where it was after a reload.
  }
}

/** @param {string} overlayId @param {() => Storage} [storage] @returns {Place | null} */
export function loadPlace(overlayId, storage = () => localStorage) {
  /** @type {Place | null} */
  let place = null;
  attempt(storage, (store) => {
    const read = JSON.parse(store.getItem(`${PREFIX}place.${overlayId}`) ?? "null");
    if (read !== null && typeof read.epoch === "string" && Number.isSafeInteger(read.position) && read.position >= 0) {
      place = { epoch: read.epoch, position: read.position };
    }
  });
  return place;
}

/** The place `count` critical events before. @param {Place | null} place @param {number} count @returns {Place | null} */
export function back(place, count) {
  return place === null ? null : { epoch: place.epoch, position: Math.max(0, place.position - count) };
}

/** @param {string} overlayId @param {Place} place @param {() => Storage} [storage] */
export function savePlace(overlayId, place, storage = () => localStorage) {
  attempt(storage, (store) => store.setItem(`${PREFIX}place.${overlayId}`, JSON.stringify(place)));
}

/**
 * The id of the address, else one that lasts as long as this tab or browser source.
 * @param {string | null} asked
 * @param {() => Storage} [storage]
 * @returns {string}
 */
export function overlayId(asked, storage = () => sessionStorage) {
  if (asked !== null) return asked;
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  let id = `o-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  attempt(storage, (store) => {
    id = store.getItem(`${PREFIX}overlay_id`) ?? id;
    store.setItem(`${PREFIX}overlay_id`, id);
  });
  return id;
}

/** True once per tab: a page of an older version reloads itself once, not for ever. @param {() => Storage} [storage] */
export function firstReload(storage = () => sessionStorage) {
  let first = false;
  attempt(storage, (store) => {
    first = store.getItem(`${PREFIX}reloaded`) === null;
    store.setItem(`${PREFIX}reloaded`, "1");
  });
  return first;
}

/** The page is of the right version: the next mismatch may reload again. @param {() => Storage} [storage] */
export function forgetReload(storage = () => sessionStorage) {
  attempt(storage, (store) => store.removeItem(`${PREFIX}reloaded`));
}

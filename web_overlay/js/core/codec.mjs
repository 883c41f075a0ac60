// @ts-check
// Bytes or text of one WebSocket message → an object. MessagePack by binary messages, JSON by text messages.

import { CachedKeyDecoder } from "../../vendor/msgpack@3.1.3/CachedKeyDecoder.mjs";
import { Decoder } from "../../vendor/msgpack@3.1.3/Decoder.mjs";
import { MARK, Positions } from "./positions.mjs";

const cache = new CachedKeyDecoder();

// The library throws on a key named __proto__, and one hostile name in a retained score would then break every welcome.
// It is renamed instead, so that no prototype changes.
const keyDecoder = {
  /** @param {number} length in bytes */
  canBeCached: (length) => cache.canBeCached(length),
  /** @param {Uint8Array} bytes @param {number} offset @param {number} length */
  decode(bytes, offset, length) {
    const key = cache.decode(bytes, offset, length);
    return key === "__proto__" ? "(__proto__)" : key;
  },
};
const decoder = new Decoder({ keyDecoder });

/**
 * @param {string | ArrayBuffer | Uint8Array} data
 * @returns {unknown}
 * @throws when it is neither
 */
export function decode(data) {
  if (typeof data === "string") return JSON.parse(data);
  if (data instanceof ArrayBuffer && data.byteLength > 0 && new Uint8Array(data, 0, 1)[0] === MARK) return new Positions(data);
  return decoder.decode(data);
}

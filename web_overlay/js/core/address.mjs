// @ts-check
// The address of an overlay from the values of a form, in the format that readParams reads.

import { PARAMS } from "./params.mjs";

/**
 * @param {string} origin
 * @param {Record<string, string>} values empty ones are left out
 * @param {string} token
 */
export function addressOf(origin, values, token) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ""));
  const text = query.toString().replaceAll("%2C", ",");
  return `${origin}/overlay/${text === "" ? "" : `?${text}`}${token === "" ? "" : `#k=${token}`}`;
}

/** Would the overlay take this value? @param {string} name @param {string} value */
export function taken(name, value) {
  return value === "" || (Object.hasOwn(PARAMS, name) && PARAMS[name](value) !== undefined);
}

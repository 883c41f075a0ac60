// @ts-check
/** The build of this page, as the gateway wrote it into the page; "" when it did not. */
export const BUILD = globalThis.document?.querySelector('meta[name="build"]')?.getAttribute("content") ?? "";

/** The version of OBS that shows this page, "" in a browser. @param {string} agent navigator.userAgent */
export function obsVersion(agent) {
  return /\bOBS\/([0-9A-Za-z.+-]{1,24})/.exec(agent)?.[1] ?? "";
}

// @ts-check
/** What the dashboard shows as this page's build. */
export const BUILD = "overlay 0.1.0";

/** The version of OBS that shows this page, "" in a browser. @param {string} agent navigator.userAgent */
export function obsVersion(agent) {
  return /\bOBS\/([0-9A-Za-z.+-]{1,24})/.exec(agent)?.[1] ?? "";
}

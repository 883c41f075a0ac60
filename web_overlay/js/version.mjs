// @ts-check
/** What the dashboard shows as this page's build. */
export const BUILD = "overlay 0.1.0";

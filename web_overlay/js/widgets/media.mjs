// @ts-check
// Pictures, videos and sounds that the user's rules name.

/** @param {string} file a name in overlays/media/ @param {string} version of the files, so that a page shows a file that was replaced */
export function pathOf(file, version) {
  return `/media/alerts/${encodeURIComponent(file)}${version === "" ? "" : `?v=${version}`}`;
}

/** Must nothing be heard? @param {import("../core/params.mjs").Options} options */
export function isSilent(options) {
  return options.mute || options.volume === 0 || document.hidden || top !== self; // in a frame: the preview of the dashboard
}

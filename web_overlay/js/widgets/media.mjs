// @ts-check
// Pictures, videos and sounds that the user's rules name.

const MOST_PIXELS = 1 << 24; // of a video, as of a picture: a few KB can have frames of 100 MB and more

/** @param {string} file a name in overlays/media/ @param {string} version of the files, so that a page shows a file that was replaced */
export function pathOf(file, version) {
  return `/media/alerts/${encodeURIComponent(file)}${version === "" ? "" : `?v=${version}`}`;
}

/** Must nothing be heard? @param {import("../core/params.mjs").Options} options */
export function isSilent(options) {
  return options.mute || options.volume === 0 || document.hidden || top !== self; // in a frame: the preview of the dashboard
}

/** Call `failed` when a picture, video or sound cannot be shown or heard, or has too many pixels. @param {HTMLElement} node @param {() => void} failed */
export function unfit(node, failed) {
  const look = () => {
    const { videoWidth, videoHeight } = /** @type {HTMLVideoElement} */ (node);
    if (videoWidth * videoHeight > MOST_PIXELS) failed();
  };
  node.addEventListener("error", failed);
  node.addEventListener("loadedmetadata", look);
  node.addEventListener("resize", look); // frames can be larger than the file says, and later ones larger than the first
}

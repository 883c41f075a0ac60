// @ts-check
// Positions of widgets: the defaults of their modules, changed by a layout, as boxes and as CSS (docs/layout.md).

/** @typedef {import("./types.mjs").Box} Box */
/** @typedef {import("./types.mjs").Changes} Changes */
/** @typedef {import("./types.mjs").Layout} Layout */
/** @typedef {Pick<import("./types.mjs").WidgetKind, "name" | "box" | "upright">} Kind */

export const VERSION = 1;

export const ANCHORS = /** @type {const} */ ([
  ...["top-left", "top", "top-right"],
  ...["left", "center", "right"],
  ...["bottom-left", "bottom", "bottom-right"],
]);

export const STAGE = { width: 1920, height: 1080 };
const UPRIGHT = { width: 1080, height: 1920 };

/** @param {boolean} upright */
export function stageOf(upright) {
  return upright ? UPRIGHT : STAGE;
}

/** @returns {Layout} every widget at its default */
export function emptyLayout(name = "") {
  return { version: VERSION, name, widgets: {}, upright: {}, scenes: {} };
}

/**
 * The boxes that modules declare. A module without a box for an upright stage stands there in the middle.
 * @param {readonly Kind[]} kinds in the order of the picture: later ones are in front
 * @param {boolean} upright
 * @returns {Map<string, Box>}
 */
export function defaultBoxes(kinds, upright) {
  return new Map(
    kinds.map((kind, order) => {
      const box = upright ? (kind.upright ?? centered(kind.box)) : kind.box;
      return /** @type {const} */ ([kind.name, { scale: 1, order, visible: true, ...box }]);
    }),
  );
}

/** @param {import("./types.mjs").DefaultBox} box @returns {import("./types.mjs").DefaultBox} */
function centered(box) {
  const width = Math.min(box.width, UPRIGHT.width);
  const [x, y] = [(UPRIGHT.width - width) / 2, (UPRIGHT.height - box.height) / 2];
  return { ...box, x, y, width, anchor: "center" };
}

/**
 * The boxes of one scene. Widgets that a layout names and that do not exist are left out.
 * @param {readonly Kind[]} kinds
 * @param {Layout | null} layout
 * @param {string} scene "" is the layout without a scene, and so is one that it does not have
 * @param {boolean} upright
 * @returns {Map<string, Box>}
 */
export function boxesOf(kinds, layout, scene, upright) {
  const boxes = defaultBoxes(kinds, upright);
  const part = upright ? "upright" : "widgets";
  const own = layout !== null && Object.hasOwn(layout.scenes, scene) ? layout.scenes[scene][part] : {};
  for (const changes of [layout?.[part] ?? {}, own]) {
    for (const [name, change] of Object.entries(changes)) {
      const box = boxes.get(name);
      if (box !== undefined) boxes.set(name, { ...box, ...change });
    }
  }
  return boxes;
}

/** What a layout changes in a scene, "" for the layout without one. @param {Layout} layout @param {string} scene @param {boolean} upright @returns {Changes} */
export function tableOf(layout, scene, upright) {
  return (scene === "" ? layout : layout.scenes[scene])[upright ? "upright" : "widgets"];
}

/** @param {Layout} layout @param {string} scene @param {boolean} upright @param {Changes} table @returns {Layout} */
export function withTable(layout, scene, upright, table) {
  const part = { [upright ? "upright" : "widgets"]: table };
  if (scene === "") return { ...layout, ...part };
  return { ...layout, scenes: { ...layout.scenes, [scene]: { ...layout.scenes[scene], ...part } } };
}

/** @param {import("./types.mjs").Anchor} anchor @returns {[number, number]} its share of a width and of a height */
export function shares(anchor) {
  const share = (/** @type {string} */ low, /** @type {string} */ high) =>
    anchor.includes(low) ? 0 : anchor.includes(high) ? 1 : 0.5;
  return [share("left", "right"), share("top", "bottom")];
}

/** @param {Box} box @param {number} scale further scale of the whole page @returns {import("./types.mjs").Size} */
export function roomOf(box, scale) {
  return { width: box.width / (box.scale * scale), height: box.height / (box.scale * scale) };
}

const ALIGN = ["flex-start", "center", "flex-end"];

/**
 * A box as the custom properties that css/base.css reads: the anchor keeps its share of the page, and the content is laid out in a room that fills the box once
 * it is scaled. So content stays in its box at any scale and on any canvas.
 * @param {Box} box
 * @param {boolean} upright
 * @param {number} scale
 * @returns {Record<string, string>}
 */
export function styleOf(box, upright, scale) {
  const stage = stageOf(upright);
  const room = roomOf(box, scale);
  const [across, down] = shares(box.anchor);
  const total = box.scale * scale;
  return {
    "--left": offset((box.x + across * box.width) / stage.width, "vw", across * box.width),
    "--top": offset((box.y + down * box.height) / stage.height, "vh", down * box.height),
    "--width": `${tidy(room.width / 100)}rem`,
    "--height": `${tidy(room.height / 100)}rem`,
    "--zoom": total === 1 ? "none" : `scale(${tidy(total)})`,
    "--order": String(box.order),
    "--align-x": ALIGN[across * 2],
    "--align-y": ALIGN[down * 2],
  };
}

/** @param {number} share of the page @param {string} unit @param {number} back pixels of the stage */
function offset(share, unit, back) {
  return `calc(${tidy(share * 100)}${unit} - ${tidy(back / 100)}rem)`;
}

/** @param {number} value */
function tidy(value) {
  return Number(value.toFixed(4));
}

// @ts-check
// The stage: the preview, and over it a box for each widget, to be moved and sized with the mouse or the keyboard.

import { clampBox, linesOf, moveBox, resizeBox } from "../core/geometry.mjs";
import { el, text } from "../widgets/dom.mjs";

/** @typedef {import("../core/types.mjs").Box} Box */

const HANDLES = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];
const REACH = 8; // pixels on the screen from which a line attracts
const LABEL = 18; // pixels on the screen; the label of a box that is nearer to the top is below it, not above
const TINY = 34; // a shorter side puts the handles outside, so that the box can be moved
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Board {
  /**
   * @param {import("../core/editor.mjs").Editor} editor
   * @param {{stage: HTMLElement, room: HTMLElement, boxes: HTMLElement, guides: HTMLElement, preview: HTMLIFrameElement}} parts
   * @param {() => {snap: boolean, safe: boolean}} wishes
   */
  constructor(editor, parts, wishes) {
    this.editor = editor;
    this.parts = parts;
    this.wishes = wishes;
    this.zoom = 1;
    this.drags = 0;
    this.guides = /** @type {import("../core/geometry.mjs").Lines} */ ({ x: [], y: [] }); // those of the drag
    /** @type {Map<string, HTMLElement>} */
    this.nodes = new Map(editor.kinds.map((kind) => [kind.name, this.node(/** @type {any} */ (kind))]));
    parts.boxes.append(...this.nodes.values());
    new ResizeObserver(() => this.show()).observe(parts.room);
  }

  /** @param {import("../core/types.mjs").WidgetKind} kind */
  node({ name, title }) {
    const handles = HANDLES.map((handle) => {
      const node = el("div", "handle");
      node.dataset.handle = handle;
      node.addEventListener("pointerdown", (event) => this.drag(event, name, handle));
      return node;
    });
    const node = el("div", "box", el("span", "", text(title)), ...handles);
    node.dataset.widget = name;
    node.tabIndex = 0;
    node.setAttribute("role", "button");
    node.addEventListener("pointerdown", (event) => this.drag(event, name, ""));
    node.addEventListener("focus", () => this.editor.selected !== name && this.editor.choose({ selected: name }));
    node.addEventListener("keydown", (event) => this.key(event, name));
    return node;
  }

  show() {
    const { editor, parts } = this;
    const { width, height } = editor.stage;
    parts.room.classList.toggle("upright", editor.upright);
    const { clientWidth, clientHeight } = parts.room;
    this.zoom = Math.max(0.05, Math.min(clientWidth / width, clientHeight / height));
    Object.assign(parts.stage.style, { width: `${width * this.zoom}px`, height: `${height * this.zoom}px` });
    Object.assign(parts.preview.style, { width: `${width}px`, height: `${height}px`, transform: `scale(${this.zoom})` });
    for (const [name, box] of editor.boxes) this.place(/** @type {HTMLElement} */ (this.nodes.get(name)), name, box);
    this.guide(this.guides);
  }

  /** @param {HTMLElement} node @param {string} name @param {Box} box */
  place(node, name, box) {
    const [left, top, width, height] = [box.x, box.y, box.width, box.height].map((value) => value * this.zoom);
    const chosen = this.editor.selected === name;
    for (const [key, value] of Object.entries({ left, top, width, height })) node.style.setProperty(key, `${value.toFixed(1)}px`);
    node.style.zIndex = String(chosen ? 2000 : box.order + 100);
    const classes = { hidden: !box.visible, tiny: Math.min(width, height) < TINY, low: top < LABEL };
    for (const [key, on] of Object.entries(classes)) node.classList.toggle(key, on);
    node.setAttribute("aria-pressed", String(chosen));
    const where = `${node.firstChild?.textContent}, at ${box.x}, ${box.y}, ${box.width} by ${box.height}`;
    node.setAttribute("aria-label", `${where}${box.visible ? "" : ", hidden"}`);
  }

  /** Labels of widgets with content are outside of their boxes, and only of the one that is pointed at. @param {(name: string) => boolean} shows */
  fill(shows) {
    for (const [name, node] of this.nodes) node.classList.toggle("filled", shows(name));
  }

  /** Choose a widget, so that keys work on it. @param {string} name */
  focus(name) {
    this.editor.choose({ selected: name });
    this.nodes.get(name)?.focus({ preventScroll: true });
  }

  /** @param {import("../core/geometry.mjs").Lines} guides */
  guide(guides) {
    const { x, y } = (this.guides = guides);
    const line = (/** @type {Partial<CSSStyleDeclaration>} */ style, name = "") => {
      const node = el("i", name);
      Object.assign(node.style, style);
      return node;
    };
    const upright = x.map((at) => line({ left: `${at * this.zoom}px`, top: "0", width: "1px", height: "100%" }));
    const level = y.map((at) => line({ top: `${at * this.zoom}px`, left: "0", height: "1px", width: "100%" }));
    const safe = this.wishes().safe ? [line({ inset: "5%" }, "safe")] : [];
    this.parts.guides.replaceChildren(...safe, ...upright, ...level);
  }

  /** @param {PointerEvent} event @param {string} name @param {string} handle "" moves the box */
  drag(event, name, handle) {
    if (event.button !== 0) return;
    event.stopPropagation();
    const { editor } = this;
    this.nodes.get(name)?.focus({ preventScroll: true });
    editor.choose({ selected: name });
    const start = /** @type {Box} */ (editor.boxes.get(name));
    const lines = linesOf(editor.stage, [...editor.boxes].filter(([other, box]) => other !== name && box.visible).map(([, box]) => box));
    const step = `drag ${(this.drags += 1)}`;
    const target = /** @type {HTMLElement} */ (event.currentTarget);
    target.setPointerCapture(event.pointerId);
    const moved = (/** @type {PointerEvent} */ { clientX, clientY, altKey }) => {
      const [dx, dy] = [(clientX - event.clientX) / this.zoom, (clientY - event.clientY) / this.zoom];
      const reach = this.wishes().snap && !altKey ? REACH / this.zoom : 0;
      const found =
        handle === ""
          ? moveBox(start, dx, dy, editor.stage, lines, reach)
          : resizeBox(start, handle, dx, dy, editor.stage, lines, reach);
      editor.set(name, found.box, step);
      this.guide(found.guides);
    };
    const over = () => {
      target.removeEventListener("pointermove", moved);
      this.guide({ x: [], y: [] });
    };
    target.addEventListener("pointermove", moved);
    target.addEventListener("lostpointercapture", over, { once: true });
  }

  /** @param {KeyboardEvent} event @param {string} name */
  key(event, name) {
    const { editor } = this;
    const box = /** @type {Box} */ (editor.boxes.get(name));
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) {
      const [dx, dy] = arrow.map((value) => value * (event.shiftKey ? 10 : 1));
      const sized = { ...box, width: box.width + dx, height: box.height + dy };
      const moved = { ...box, x: box.x + dx, y: box.y + dy };
      editor.set(name, clampBox(event.ctrlKey ? sized : moved, editor.stage), `key ${name} ${event.ctrlKey}`);
    } else if (event.ctrlKey || event.altKey || event.metaKey) return;
    else if (event.key === "h") editor.set(name, { visible: !box.visible });
    else if (event.key === "+") editor.order(name, "front");
    else if (event.key === "-") editor.order(name, "back");
    else return;
    event.preventDefault();
  }
}

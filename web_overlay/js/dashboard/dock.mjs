// @ts-check
// The order of the parts at each width. They are moved in the document, not only in the picture, so that the keyboard and a
// screen reader follow the order that is seen. The programme never moves: its page would load again.

// As in css/dashboard.css.
const COLUMNS = "(min-width: 1280px)";
const DOCK = "(max-width: 420px)";
const ONE = "(max-width: 640px)";

/** @param {Document} page */
export function dock(page) {
  const one = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (page.querySelector(selector));
  const [header, main, left, right] = ["header", "main", ".left", ".right"].map(one);
  const [health, tests, show, score, stream] = [".well", ".try", ".show", ".score", ".stream"].map(one);
  const shapes = [COLUMNS, DOCK, ONE].map((query) => matchMedia(query));
  const arrange = () => {
    const [columns, narrow, single] = shapes.map(({ matches }) => matches);
    page.body[narrow ? "append" : "prepend"](header);
    if (columns) {
      left.append(show, score, tests);
      right.before(stream);
      right.prepend(health);
      return;
    }
    main.prepend(health, ...(narrow ? [tests, show] : [show, score]));
    if (!narrow) left.append(tests);
    if (single) left.before(stream);
    else main.append(stream);
    if (narrow) stream.after(score);
  };
  for (const shape of shapes) shape.addEventListener("change", arrange);
  arrange();
}

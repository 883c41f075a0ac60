// @ts-check
// In a dock health, test buttons, large buttons and events come first. They are moved in the document, not only in the
// picture, so that the keyboard and a screen reader follow the order that is seen. The programme never moves: its page would load again.

const NARROW = "(max-width: 420px)"; // as in css/dashboard.css

/** @param {Document} page */
export function dock(page) {
  const one = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (page.querySelector(selector));
  const [header, main, left, right] = ["header", "main", ".left", ".right"].map(one);
  const [health, tests, show, stream] = [".well", ".try", ".show", ".stream"].map(one);
  const shape = matchMedia(NARROW);
  const arrange = () => {
    if (shape.matches) {
      main.prepend(health, tests, show, stream);
      page.body.append(header);
    } else if (health.parentElement === main) {
      page.body.prepend(header);
      left.append(show, tests);
      right.before(stream);
      right.prepend(health);
    }
  };
  shape.addEventListener("change", arrange);
  arrange();
}

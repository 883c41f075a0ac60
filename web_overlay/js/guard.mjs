// @ts-check
// Runs a custom widget: its exceptions are reported and do not affect others, and nothing of it stays when it is removed.

/** @typedef {import("./core/types.mjs").Widget} Widget */
/** @typedef {import("./core/types.mjs").WidgetKind} WidgetKind */

const MOST_FAULTS = 20; // then it is removed

/** @type {Widget} */
const NOTHING = { updateAction: () => {}, frame: () => Infinity };

/**
 * @param {WidgetKind} kind
 * @param {import("./widgets/dom.mjs").Stage} stage
 * @param {HTMLElement} root its section
 * @param {(problem: string) => void} report
 * @returns {Widget}
 */
export function guarded({ name, load }, stage, root, report) {
  let faults = 0;
  let widget = NOTHING;
  /** @template T @param {() => T} run @param {T} otherwise @returns {T} */
  const attempt = (run, otherwise) => {
    try {
      return run();
    } catch (error) {
      faults += 1;
      if (faults === 1) report(`widget ${name} failed: ${error instanceof Error ? error.message : error}`.slice(0, 300));
      if (faults !== MOST_FAULTS) return otherwise;
      report(`widget ${name} failed ${faults} times and is removed`);
      dispose();
      return otherwise;
    }
  };
  const dispose = () => {
    const leaving = widget;
    widget = NOTHING;
    attempt(() => leaving.dispose?.(), undefined);
    for (const media of root.querySelectorAll("audio, video")) stage.view.stop(/** @type {HTMLMediaElement} */ (media));
    root.replaceChildren();
    stage.ranks.leave(name);
  };
  widget = attempt(() => load(stage, root), NOTHING);
  return {
    updateAction: (event, moment) => attempt(() => widget.updateAction(event, moment), undefined),
    frame: (now) => attempt(() => wakeOf(widget.frame(now)), Infinity),
    resize: (size, anchor) => attempt(() => widget.resize?.(size, anchor), undefined),
    endTests: (now) => attempt(() => widget.endTests?.(now), undefined),
    dispose,
  };
}

/** @param {unknown} wake what is no time is never @returns {number} */
function wakeOf(wake) {
  return typeof wake === "number" && !Number.isNaN(wake) ? wake : Infinity;
}

// A custom widget that shows the newest follower. Edit it, then refresh the browser source.
// docs/layout.md, "Your own widgets", describes the interface of a widget.

import { el, text } from "/static/js/widgets/dom.mjs";

export const widget = {
  name: "NAME", // the name of this file
  title: "TITLE", // the title in the studio
  types: ["follow"], // the events that it receives (docs/events.md)
  samples: ["follow"], // the test events that fill it in the studio
  // The default box on a stage of 1920 × 1080. The studio can move it.
  box: { x: 96, y: 900, width: 460, height: 44, anchor: "bottom-left" },
  load: (stage, root) => new NewestFollower(stage, root),
};

class NewestFollower {
  /** `root` is an element that fills the box; `stage.view` writes to the page, once per frame. */
  constructor(stage, root) {
    this.view = stage.view;
    this.user = "";
    this.real = ""; // the newest follower of no test
    this.name = text();
    this.line = el("div", "NAME-line gone", el("span", "NAME-label", text("Newest follower ")), this.name);
    root.append(this.line);
  }

  /** Called for every event of `types`: store the data, and do not write to the page yet. */
  updateAction(event) {
    this.user = event.payload.user;
    if (event.source !== "test") this.real = this.user;
  }

  /** Called when the operator ends the tests: nothing of an event whose source is "test" may stay. */
  endTests() {
    this.user = this.real;
  }

  /** Called once per frame: write to the view. Return the time of the next frame, or Infinity: after an event. */
  frame(now) {
    this.view.text(this.name, this.user); // text only: names come from strangers
    this.view.toggle(this.line, "gone", this.user === "");
    return Infinity;
  }

  // dispose() {}: called when the widget is removed. Stop timers, remove listeners of the page, and release blob URLs here.
}

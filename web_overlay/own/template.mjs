// A widget of your own: it shows the newest follower. Change what you like, then refresh the browser source.
// docs/layout.md, "Widgets of your own", says what a widget may do.

import { el, text } from "/static/js/widgets/dom.mjs";

export const widget = {
  name: "NAME", // the name of this file
  title: "TITLE", // what the studio calls it
  types: ["follow"], // the events that it receives (docs/events.md)
  samples: ["follow"], // the test events that fill it in the studio
  // Where it stands on a stage of 1920 × 1080 until it is moved in the studio.
  box: { x: 96, y: 900, width: 460, height: 44, anchor: "bottom-left" },
  make: (stage, root) => new NewestFollower(stage, root),
};

class NewestFollower {
  /** `root` is an element that fills the box; `stage.view` writes to the page, once per frame. */
  constructor(stage, root) {
    this.view = stage.view;
    this.user = "";
    this.name = text();
    this.line = el("div", "NAME-line gone", el("span", "NAME-label", text("Newest follower ")), this.name);
    root.append(this.line);
  }

  /** Called for every event of `types`: remember it, and write nothing yet. */
  apply(event) {
    this.user = event.payload.user;
  }

  /** Called once per frame: say what should be seen. Return when the next frame is needed; Infinity: after an event. */
  frame(now) {
    this.view.text(this.name, this.user); // text only: names come from strangers
    this.view.toggle(this.line, "gone", this.user === "");
    return Infinity;
  }
}

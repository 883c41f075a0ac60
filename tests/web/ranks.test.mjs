// @ts-check
// The hierarchy of announcements, as histories.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST, Ranks, SECOND } from "../../web_overlay/js/core/ranks.mjs";

/** What is done, and what it answers; then what is shown, dimmed ones with "-". @type {[string, [string, any, any?, boolean?][], string][]} */
const HISTORIES = [
  ["second-rank ones stand beside each other", [["take", "streak", SECOND, true], ["take", "alerts", SECOND, true]], "streak alerts"],
  ["a first-rank one dims those that are shown", [["take", "streak", SECOND, true], ["take", "social", FIRST, true]], "-streak social"],
  ["a second-rank one waits for it", [["take", "social", FIRST, true], ["take", "alerts", SECOND, false]], "social"],
  ["never two of the first rank", [["take", "social", FIRST, true], ["take", "streak", FIRST, false]], "social"],
  [
    "what waited begins when it has left",
    [["take", "social", FIRST, true], ["take", "streak", FIRST, false], ["leave", "social"], ["take", "streak", FIRST, true]],
    "streak",
  ],
  ["what was dimmed is so no longer", [["take", "streak", SECOND, true], ["take", "social", FIRST, true], ["leave", "social"]], "streak"],
  ["an own one rises", [["take", "streak", SECOND, true], ["take", "streak", FIRST, true], ["take", "social", SECOND, false]], "streak"],
  ["but not beside another first", [["take", "streak", SECOND, true], ["take", "social", FIRST, true], ["take", "streak", FIRST, false]], "-streak social"],
  ["what cannot be seen holds nothing up", [["see", "social", "layout", false], ["take", "social", FIRST, true], ["take", "streak", FIRST, true]], "social streak"],
  ["nor waits", [["take", "streak", FIRST, true], ["see", "social", "layout", false], ["take", "social", FIRST, true]], "streak social"],
  ["hidden twice is seen after both", [["see", "social", "layout", false], ["see", "social", "toggle", false], ["see", "social", "layout", true], ["take", "social", FIRST, true], ["take", "streak", FIRST, true]], "social streak"],
  ["it counts again when it is seen", [["see", "social", "layout", false], ["take", "social", FIRST, true], ["see", "social", "layout", true], ["take", "alerts", SECOND, false]], "social"],
]; // prettier-ignore
for (const [title, history, expected] of HISTORIES) {
  test(`ranks: ${title}`, () => {
    const ranks = new Ranks();
    for (const [what, name, value, last] of history) {
      const found = /** @type {any} */ (ranks)[what](name, value, last);
      if (what === "take") assert.equal(found, last, `${what} ${name}`);
    }
    const shown = [...ranks.shown.keys()].map((name) => (ranks.isDimmed(name) ? `-${name}` : name));
    assert.equal(shown.join(" "), expected);
  });
}

test("ranks: a frame is requested only after a change", () => {
  let asked = 0;
  const ranks = new Ranks(() => (asked += 1));
  ranks.take("social", FIRST);
  ranks.take("social", FIRST);
  ranks.take("streak", SECOND);
  assert.equal(asked, 1);
  ranks.leave("social");
  ranks.leave("social");
  ranks.see("social", "layout", true);
  assert.equal(asked, 2);
});

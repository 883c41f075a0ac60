// @ts-check
// Chat messages without a page: limits, parts and badges of a row.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clean, cleanName } from "../../web_overlay/js/core/clean.mjs";
import { LETTERS, PARTS, badgesOf, partsOf, pathOf } from "../../web_overlay/js/core/message.mjs";

test("clean: graphemes are kept, stacked marks and control characters are removed, and the cost is bounded", () => {
  const family = "👨‍👩‍👧‍👦";
  for (const [text, most, expected] of /** @type {[string, number, string][]} */ ([
    ["short", 10, "short"],
    ["abcdef", 3, "abc…"],
    [family.repeat(5), 2, `${family}${family}…`],
    [family.repeat(2), 2, family.repeat(2)],
    ["e\u0301".repeat(4), 2, "e\u0301e\u0301…"],
    [`Z${"\u0335".repeat(500)}x`, 10, `Z${"\u0335".repeat(3)}…`],
    [`Z${"\u0335".repeat(50)}x`, 10, `Z${"\u0335".repeat(3)}x`],
    ["a\u202eb\u2066c\u0000d\ne", 20, "a b c d e"],
    ["مرحبا بك", 20, "مرحبا بك"],
    ["Tiếng Việt", 20, "Tiếng Việt"],
    ["", 5, ""],
  ])) {
    assert.equal(clean(text, most), expected, JSON.stringify(text.slice(0, 20)));
  }
  assert.ok(clean("x".repeat(100_000), 30).length <= 31);
  assert.ok(clean("\u0301".repeat(100_000), 30).length <= 600);
});

/** @param {any} payload @param {string} own */
const parts = (payload, own = "") => partsOf(payload, own).map(({ kind, text, image }) => [kind, text, image].filter(Boolean).join("|"));

test("parts: fragments in order, plain text with its mentions, and a bounded number", () => {
  const emote = (/** @type {string} */ text, image = "twitch/25") => ({ kind: "emote", text, image });
  const words = (/** @type {string} */ text) => ({ kind: "text", text });
  for (const [payload, own, expected] of /** @type {[any, string, string[]][]} */ ([
    [{ text: "hello" }, "", ["text|hello"]],
    [{ text: "@Ada hi @bo_2!" }, "ada", ["own|@Ada", "text| hi ", "mention|@bo_2", "text|!"]],
    [{ text: "hi @Ada", channel: "ADA" }, "", ["text|hi ", "own|@Ada"]],
    [{ text: "mail@", fragments: [] }, "", ["text|mail@"]],
    [{ text: "x", fragments: [words("a "), emote("Kappa"), words(" b")] }, "", ["text|a ", "emote|Kappa|/media/emote/twitch/25", "text| b"]],
    [{ text: "x", fragments: [words("a "), emote("Kappa", "")] }, "", ["text|a Kappa"]],
    [{ text: "x", fragments: [emote("Kappa", "../../x")] }, "", ["text|Kappa"]],
    [{ text: "x", fragments: [emote("Kappa", "//evil.example/a")] }, "", ["text|Kappa"]],
    [{ text: "x", fragments: [{ kind: "cheer", text: "Cheer100" }] }, "", ["cheer|Cheer100"]],
    [{ text: "x", fragments: [{ kind: "mention", text: "@ADA" }] }, "ada", ["own|@ADA"]],
  ])) {
    assert.deepEqual(parts(payload, own), expected);
  }
  const many = partsOf({ text: "x", fragments: Array.from({ length: 256 }, (_, n) => emote(`E${n}`)) }, "");
  assert.equal(many.length, PARTS);
  assert.match(many[PARTS - 1].text, /^E15 E16E17/);
  const long = partsOf({ text: "x".repeat(500) }, "");
  assert.equal(long[0].text.length, LETTERS + 1);
});

test("pictures: only an id of a provider is a path, and badges need a picture or a role with an icon", () => {
  assert.equal(pathOf("7tv/01F6MZGCNG000255K4X1K7NTHR"), "/media/emote/7tv/01F6MZGCNG000255K4X1K7NTHR");
  for (const image of ["", "twitch", "twitch/", "twitch/a/b", "Twitch/1", "twitch/1?x", "twitch/%2e", "javascript:1/2"]) {
    assert.equal(pathOf(image), "", image);
  }
  const known = (/** @type {string} */ role) => role === "moderator";
  const badges = badgesOf({ badges: ["odd/1", "moderator/1", "x/1"], badge_images: ["", "", "twitch-badge/1"] }, known);
  assert.deepEqual(badges, [{ role: "moderator", image: "" }, { role: "x", image: "/media/emote/twitch-badge/1" }]);
  assert.deepEqual(badgesOf({}, known), []);
});

test("a name that cannot be seen is shown as ?", () => {
  for (const name of ["\u200b\u200b", "\u3164", " \u2800 ", "\u202e\u2066", "\u0301"]) assert.equal(cleanName(name, 30), "?");
  for (const name of ["", "a", "0", "_", "雪", "م", "👩‍👧", "☆", "\u200bAda"]) assert.equal(cleanName(name, 30), clean(name, 30));
});

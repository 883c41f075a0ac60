// @ts-check
// Themes are checked by type; an invalid value is refused with a reason and never reaches a style sheet.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { check, styleSheet, tokensOf, words } from "../../web_overlay/js/core/theme.mjs";

const THEMES = new URL("../../web_overlay/themes/", import.meta.url);
/** @param {string} name */
const read = (name) => JSON.parse(readFileSync(new URL(name, THEMES), "utf8"));
const table = read("tokens.json");

/** @param {Record<string, unknown>} tokens */
const checked = (tokens) => check({ name: "mine", version: 1, description: "", tokens }, table);

test("theme: every default is valid", () => {
  const defaults = Object.fromEntries([...tokensOf(table)].map(([name, token]) => [name, token.default]));
  assert.deepEqual(checked(defaults).problems, []);
});

test("theme: of a theme with endless tokens few are read, because each is compared with all known ones", () => {
  const names = Array.from({ length: 20_000 }, (_, number) => `token-${number}`);
  const { values, problems } = checked(Object.fromEntries([...names, "accent"].map((name) => [name, "#ffffff"])));
  assert.equal(problems[0], "got 20001 tokens, expected at most 500; the rest is left out");
  assert.deepEqual([problems.length, values.size], [501, 0]);
});

test("theme: the shipped themes are valid, and broadcast is the default", () => {
  const names = readdirSync(THEMES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(names.map((entry) => entry.name).sort(), ["broadcast", "high-contrast", "minimal"]);
  for (const { name } of names) {
    const theme = read(`${name}/theme.json`);
    assert.deepEqual(check(theme, table).problems, [], name);
    assert.equal(theme.name, name);
  }
  assert.deepEqual(read("broadcast/theme.json").tokens, {});
});

const WRONG = [
  ["accent", "red", "#rrggbb"],
  ["accent", "#FF0000", "lower case"],
  ["accent", "#fff; } body { display: none", "#rrggbb"],
  ["accent", "url(https://elsewhere.example/x)", "#rrggbb"],
  ["size-row", "27px", "rem"],
  ["size-row", ".1rem", "0.24 to 0.5"],
  ["size-row", "var(--fw-size-huge)", "rem"],
  ["enter", "2s", "ms"],
  ["enter", "9000ms", "0 to 400"],
  ["pulse", "200ms", "400 to 5000"],
  ["motion", "bounce", "wipe or fade or cut"],
  ["font-display", "Comic Sans", "double quotes"],
  ["font-display", '"a"; src: url(x)', "double quotes"],
  ["weight-strong", null, "a number"],
];
for (const [name, value, expected] of WRONG) {
  test(`theme: ${name} = ${value} is refused`, () => {
    const { values, problems } = checked({ [String(name)]: value, gap: ".1rem" });
    assert.equal(problems.length, 1);
    assert.ok(problems[0].startsWith(`${name}: got `) && problems[0].includes(String(expected)), problems[0]);
    assert.deepEqual([...values], [["gap", ".1rem"]], "the rest is used");
  });
}

test("theme: an unknown token is refused with the nearest name", () => {
  assert.deepEqual(checked({ acent: "#ffffff" }).problems, ["acent: unknown token; the nearest is accent"]);
  assert.match(checked({ ["x".repeat(9_999)]: "1" }).problems[0], /^x{40}: unknown token/);
  assert.deepEqual(checked(JSON.parse('{"__proto__": "1"}')).values.size, 0);
});

test("theme: an invalid theme is refused completely", () => {
  for (const wrong of [null, 1, [], {}, { tokens: 1 }]) assert.equal(check(wrong, table).problems.length, 1);
  assert.match(check({ script: "x", tokens: {} }, table).problems[0], /^script: unknown field/);
});

test("theme: values become custom properties in their layer, and words attributes", () => {
  const { values } = checked({ accent: "#ff8800", motion: "fade" });
  assert.equal(styleSheet(values), "@layer theme { :root { --fw-accent: #ff8800; --fw-motion: fade; } }");
  assert.deepEqual(words(values, table), [["motion", "fade"]]);
});

test("theme: panels are opaque for who wants more contrast, and nothing else changes", () => {
  const { values } = checked({ panel: "#10203040", "panel-head": "#102030", line: "#ffffff2e" });
  assert.equal(
    styleSheet(values),
    "@layer theme { :root { --fw-panel: #10203040; --fw-panel-head: #102030; --fw-line: #ffffff2e; } " +
      "@media (prefers-contrast: more) { :root { --fw-panel: #102030; } } }",
  );
});

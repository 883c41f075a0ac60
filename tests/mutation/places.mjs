// The places of places.py in a file of JavaScript: `condition` and `value`. Writes the changed source to stdout.
//
//     node places.mjs FILE '{"where": "FILE:Class.method", "kind": "condition", "names": "a b", "into": "…"}'

import { readFileSync } from "node:fs";
import ts from "typescript";

const [file, json] = process.argv.slice(2);
const change = JSON.parse(json);
const text = readFileSync(file, "utf8");
const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);

/** All nodes below a node. */
const below = (node) => node.getChildren().flatMap((child) => [child, ...below(child)]);
const mentions = (node) => new Set([node, ...below(node)].map((one) => one.getText()));
const all = (node, names) => names.every((name) => mentions(node).has(name));

function only(found, what) {
  if (found.length !== 1) throw new Error(`found ${found.length} places for ${what}, expected one`);
  return found[0];
}

function isCondition(node) {
  const { parent } = node;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent)) return parent.expression === node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  const logical = [ts.SyntaxKind.BarBarToken, ts.SyntaxKind.AmpersandAmpersandToken];
  return ts.isBinaryExpression(parent) && logical.includes(parent.operatorToken.kind) && node !== parent.operatorToken;
}

const named = (name) => (node) => node.name?.getText() === name;
const scope = change.where
  .split(":")[1]
  .split(".")
  .reduce((node, name) => only(below(node).filter(named(name)), name), tree);
const [first, ...rest] = change.names.split(" ");
const kinds = {
  condition: () => below(scope).filter((node) => isCondition(node) && all(node, [first, ...rest])),
  value: () =>
    below(scope)
      .filter((node) => ts.isVariableDeclaration(node) && named(first)(node) && all(node.initializer, rest))
      .map((node) => node.initializer),
};
const found = kinds[change.kind]();
const place = only(
  found.filter((node) => !below(node).some((inner) => found.includes(inner))),
  change.names,
);
const into = `(${change.into.replaceAll("{it}", place.getText())})`;
process.stdout.write(text.slice(0, place.getStart()) + into + text.slice(place.getEnd()));

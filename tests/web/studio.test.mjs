// @ts-check
// The requests of the studio, at a server that misbehaves.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { Gateway, Refusal } from "../../web_overlay/js/studio/gateway.mjs";

/** @type {[string, number, string, number, {status: number, message: RegExp}][]} */
const ANSWERS = [
  ["an answer that is cut off", 200, '{"layout":', 100, { status: 0, message: /does not answer/ }],
  ["an answer that is no JSON", 200, "<html>", 6, { status: 0, message: /does not answer/ }],
  ["a refusal with a reason", 412, '{"error":"another one"}', 23, { status: 412, message: /^another one$/ }],
  ["a refusal without one", 500, "", 0, { status: 500, message: /status 500/ }],
  ["a wrong token", 401, "{}", 2, { status: 401, message: /no valid control token/ }],
];

for (const [what, status, text, size, expected] of ANSWERS) {
  test(`${what} is a refusal that the studio can show`, async () => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { "Content-Length": size });
      response.write(text, () => (text.length < size ? response.destroy() : response.end()));
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    const asked = new Gateway("t").ask(`http://127.0.0.1:${port}/`);
    await assert.rejects(asked, (error) => {
      assert.ok(error instanceof Refusal);
      assert.equal(error.status, expected.status);
      assert.match(error.message, expected.message);
      return true;
    });
    server.close();
  });
}

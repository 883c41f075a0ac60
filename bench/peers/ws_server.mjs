// Node's ws: `node ws_server.mjs PORT HZ TEMPLATE CLIENTS`, with ws installed beside this file.
import { readFileSync } from "node:fs";
import { WebSocketServer } from "ws";

const [port, hz, clients] = [Number(process.argv[2]), Number(process.argv[3]), Number(process.argv[5])];
const template = readFileSync(process.argv[4]);
const place = template.indexOf(Buffer.from([0xa1, 0x6b, 0xcb])) + 3;

const server = new WebSocketServer({ host: "127.0.0.1", port, perMessageDeflate: false, backlog: 4096 }, () =>
  console.log("ready"),
);

let due = performance.now();
function tick() {
  const frame = Buffer.from(template);
  frame.writeDoubleBE(performance.timeOrigin + performance.now(), place);
  for (const client of server.clients) if (client.readyState === 1) client.send(frame);
  due = Math.max(due + 1000 / hz, performance.now());
  setTimeout(tick, Math.max(0, due - performance.now()));
}
const waiting = setInterval(() => {
  if (server.clients.size < clients) return;
  clearInterval(waiting);
  due = performance.now();
  tick();
}, 50);

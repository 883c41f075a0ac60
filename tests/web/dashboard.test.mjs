// @ts-check
// Decisions of the dashboard: the list of events, switches, words and colours of figures.

import assert from "node:assert/strict";
import { asFile, consequence, readPlan, textOf, valueOf } from "../../web_overlay/js/core/plan.mjs";
import { test } from "node:test";
import { ask, refusal } from "../../web_overlay/js/dashboard/api.mjs";
import { UNSHOWN, describe } from "../../web_overlay/js/dashboard/describe.mjs";
import { share } from "../../web_overlay/js/dashboard/format.mjs";
import { obsVersion } from "../../web_overlay/js/version.mjs";
import { goneVerdict, health, overlayVerdict, processVerdict, refusedVerdict } from "../../web_overlay/js/dashboard/judge.mjs";
import { alertsOf, reasonOf, sourceVerdict } from "../../web_overlay/js/dashboard/sources.mjs";
import { obsVerdicts } from "../../web_overlay/js/dashboard/obs.mjs";
import { History } from "../../web_overlay/js/dashboard/plots.mjs";
import { KEPT, River } from "../../web_overlay/js/dashboard/river.mjs";
import { CATALOG } from "../../web_overlay/js/core/catalog.mjs";
import { WIDGETS } from "../../web_overlay/js/widgets/all.mjs";
import { Deliveries, delivery } from "../../web_overlay/js/dashboard/delivery.mjs";
import { steps, unfinished } from "../../web_overlay/js/dashboard/history.mjs";
import { MOST_OFF, Switches } from "../../web_overlay/js/dashboard/switches.mjs";
import { Gateway } from "../../web_overlay/js/studio/gateway.mjs";
import { event } from "./make.mjs";

const MAIN = { type: "", text: "" };

for (const [where, asker] of Object.entries({
  dashboard: () => ask,
  studio: () => {
    const gateway = new Gateway("wrong");
    return (/** @type {string} */ path) => gateway.ask(path);
  },
})) {
  test(`a token that was refused is not sent again at once: any page can link to a ${where} with a wrong one`, async (t) => {
    t.mock.timers.enable({ apis: ["Date", "setTimeout"] });
    const sent = t.mock.method(globalThis, "fetch", async () => new Response('{"scope": ""}', { status: 401 }));
    const request = asker();
    for (let n = 0; n < 20; n += 1) await assert.rejects(request(`/api/status?n=${n}`, "wrong"));
    assert.equal(sent.mock.callCount(), 1);
    await assert.rejects(request("/api/layout", "wrong"));
    t.mock.timers.tick(30_000);
    await assert.rejects(request("/api/status", "wrong"));
    assert.equal(sent.mock.callCount(), 3);
  });
}

test("the list keeps the last events, and many hits do not remove other events", () => {
  const river = new River();
  river.add([event({ id: "follow", type: "follow", ts_ingest_ms: 1 })]);
  for (let n = 0; n < 5_000; n += 1) river.add([event({ id: `h${n}`, type: "hit", category: "cosmetic", ts_ingest_ms: 2 + n })]);
  assert.deepEqual(
    river.list(MAIN).map((each) => each.id),
    ["follow"],
  );
  assert.equal(river.list({ type: "all", text: "" }).length, 201);
  river.add([event({ id: "quit", type: "radar_player", category: "state", ts_ingest_ms: 8_000, payload: { on: false } })]);
  assert.deepEqual([river.list(MAIN).length, river.list({ type: "all", text: "" })[0].id], [1, "quit"]);
  for (let n = 0; n < KEPT; n += 1) river.add([event({ id: `k${n}`, ts_ingest_ms: 9_000 + n })]);
  assert.equal(river.list(MAIN).length, KEPT);
  assert.equal(river.list(MAIN)[0].id, `k${KEPT - 1}`);
  assert.ok(river.ids.size <= KEPT + 200);
});

test("the list is newest first, has each event once, and can be searched and held", () => {
  const river = new River();
  const late = event({ id: "b", type: "raid", ts_ingest_ms: 2, payload: { user: "Ñandú" } });
  river.add([event({ id: "c", type: "tip", ts_ingest_ms: 3 }), late, late, event({ id: "a", ts_ingest_ms: 1 })]);
  river.add([late]);
  const ids = (/** @type {any} */ filter) => river.list(filter).map((each) => each.id);
  assert.deepEqual(ids(MAIN), ["c", "b", "a"]);
  assert.deepEqual(ids({ type: "tip", text: "" }), ["c"]);
  assert.deepEqual(ids({ type: "", text: "ñANDÚ" }), ["b"]);
  river.pause(true, MAIN);
  river.add([event({ id: "d", ts_ingest_ms: 4 })]);
  assert.deepEqual([ids(MAIN), river.waiting], [["c", "b", "a"], 1]);
  river.pause(false, MAIN);
  assert.deepEqual([ids(MAIN), river.waiting], [["d", "c", "b", "a"], 0]);
});

test("switches follow the events of any sender", () => {
  const switches = new Switches();
  const show = (/** @type {string} */ action, widget = "") => switches.see([event({ type: "show", payload: { action, widget } })]);
  const toggle = (/** @type {string} */ name, /** @type {boolean} */ on) => switches.see([event({ type: "toggle", payload: { name, on } })]);
  show("pause");
  toggle("muted", true);
  toggle("all", false);
  toggle("chat", false);
  toggle("hud", true);
  show("skip");
  show("constructor");
  assert.deepEqual(switches.words(), ["everything is hidden", "alerts are paused", "sound is muted", "chat hidden"]);
  show("pause", "social"); // one queue of several is not the whole show
  show("resume");
  show("unmute");
  toggle("all", true);
  toggle("chat", true);
  assert.deepEqual(switches.words(), []);
});

const LIVE = { overlay_id: "main", state: "live", lag: 0, fps: 60, latency_p50_ms: 9, latency_p95_ms: 17, build: "00000001" };
const WELL = { ready: true, reasons: [], alerts: [], clients: [LIVE], sources: [{ name: "twitch", state: "live" }] };

test("an overlay has a state", () => {
  const cases = /** @type {[object, string, string][]} */ ([
    [{}, "", "live"],
    [{ state: "catchup" }, "warn", "catching up"],
    [{ condition: "stalled", behind_s: 7 }, "bad", "stalled for 7 s"],
    [{ condition: "hidden", behind_s: 0, fps: 1 }, "", "hidden"],
    [{ behind_s: 2 }, "", "live"],
    [{ behind_s: 5 }, "warn", "behind for 5 s"],
    [{ behind_s: 61 }, "bad", "behind for 1 min 1 s"],
    [{ build: "00000000" }, "warn", "old page"],
    [{ build: "client" }, "", "live"],
    [{ build: "" }, "", "live"],
    [{ fps: 12 }, "warn", "slow"],
    [{ fps: 30 }, "", "live"],
    [{ latency_p95_ms: 12_013 }, "warn", "slow"],
    [{ fps: null, latency_p95_ms: null }, "", "live"],
  ]);
  for (const [fields, tone, word] of cases) {
    const verdict = overlayVerdict({ ...LIVE, ...fields }, "00000001");
    assert.deepEqual([verdict.tone, verdict.word], [tone, word]);
    if (!["live", "catching up", "hidden"].includes(word)) assert.ok(verdict.remedy, `${word} says what to do`);
  }
});

test("a disconnected or refused overlay has a state and advice", () => {
  assert.deepEqual(goneVerdict({ closed: true }), { tone: "", word: "closed" });
  assert.deepEqual([goneVerdict({}).tone, goneVerdict({}).word], ["warn", "lost"]);
  assert.match(refusedVerdict({ code: 4500 }).remedy ?? "", /Copy the OBS address again/);
  assert.equal(refusedVerdict({ code: "__proto__" }).word, "refused (NaN)");
});

test("the version of OBS is that of its user agent", () => {
  assert.equal(obsVersion("Mozilla/5.0 (X11) Chrome/127.0.6533.120 Safari/537.36 OBS/31.0.1"), "31.0.1");
  assert.equal(obsVersion("Mozilla/5.0 (X11) Chrome/127.0.6533.120 Safari/537.36"), "");
});

const WAITING = { name: "twitch", state: "refused", login: { state: "" } };

test("health shows only the worst problem", () => {
  const critical = { name: "ingest", text: "died.", level: "critical" };
  const cases = /** @type {[object, string, RegExp][]} */ ([
    [{}, "", /^All well: 1 overlay, 1 source, 95 % of events rendered within 17 ms\.$/],
    [{ clients: [] }, "warn", /No overlay is connected/],
    [{ clients: [{ ...LIVE, behind_s: 70 }] }, "bad", /Overlay main: behind/],
    [{ sources: [{ name: "gsi", state: "silent" }] }, "warn", /gsi is silent/],
    [{ sources: [{ name: "twitch", state: "refused", detail: "401" }] }, "bad", /^twitch is refused\.$/],
    [{ sources: [WAITING], alerts: [{ name: "twitch", key: "source.refused", text: "no login", level: "critical" }] }, "bad", /^twitch waits for a login/],
    [{ sources: [{ name: "yt", state: "refused", detail: "no key" }], alerts: [{ name: "yt", key: "source.refused", text: "no key", level: "critical" }] }, "bad", /^yt is refused\.$/],
    [{ clients: [], lost: [{ overlay_id: "main" }], alerts: [{ name: "main", key: "overlay.lost", text: "it broke", level: "warn" }] }, "warn", /^main: it broke\.$/],
    [{ sources: [WAITING], alerts: [critical] }, "bad", /^Act now: ingest: died/],
    [{ alerts: [{ name: "gateway-1", text: "much memory", level: "warn" }] }, "warn", /gateway-1: much memory/],
    [{ alerts: [critical], ready: false }, "bad", /^Act now: ingest: died\.$/],
    [{ ready: false, reasons: ["the log has not been read yet"] }, "warn", /Not ready: the log/],
    [{ alerts: 7, clients: "?", sources: null, reasons: 3 }, "warn", /No overlay/],
  ]);
  for (const [fields, tone, words] of cases) {
    const verdict = health({ ...WELL, ...fields }, "00000001");
    assert.equal(verdict.tone, tone, verdict.word);
    assert.match(verdict.word, words);
  }
});

test("a fault that a row explains is short in the line of health, with the row, and has no alert", () => {
  const lost = { overlay_id: "cam" };
  const named = (/** @type {string} */ key, /** @type {string} */ name) => ({ key, name, text: "x", level: "warn" });
  const alerts = [named("source.silent", "gsi"), named("overlay.lost", "cam"), named("source.silent", "gone"), named("memory", "gsi")];
  const status = { ...WELL, lost: [lost], sources: [{ name: "gsi", state: "silent" }], alerts };
  assert.deepEqual(alertsOf(status).map(({ key, name }) => `${key} ${name}`), ["source.silent gone", "memory gsi"]);
  const of = (/** @type {object} */ fields) => health({ ...WELL, ...fields }, "00000001");
  assert.deepEqual(of({ sources: [{ name: "gsi", state: "silent" }] }).go, { panel: "sources", name: "gsi" });
  assert.deepEqual(of({ sources: [WAITING] }).go, { panel: "sources", name: "twitch" });
  assert.deepEqual(of({ clients: [{ ...LIVE, fps: 12 }] }), { tone: "warn", word: "Overlay main: slow.", go: { panel: "overlays", name: "main" } });
});

test("the reason of a source has no command where a button does the same", () => {
  const login = { state: "" };
  const detail = "There is no login at Twitch yet. Log in: ./supervisor.py login twitch --source tw";
  assert.equal(reasonOf({ detail, login }), "There is no login at Twitch yet.");
  assert.equal(reasonOf({ detail: "It was revoked; log in again: framewire login youtube --source x", login }), "It was revoked.");
  assert.equal(reasonOf({ detail }), detail);
  const more = "A new login is needed. Log in again: framewire login twitch --source x; channel.cheer: the login lacks the scope y";
  assert.equal(reasonOf({ detail: more, login }), "A new login is needed; channel.cheer: the login lacks the scope y");
  assert.equal(reasonOf({ login: null }), "");
});

test("a refused token is named: none, that of an overlay, an expired one, a wrong one", () => {
  assert.match(refusal("", null), /has no token/);
  assert.match(refusal("x", { scope: "display" }), /that of an overlay, and the dashboard needs the control token/);
  for (const scope of ["", undefined, "ingest"]) assert.match(refusal("x", { scope }), /is wrong, was replaced or was revoked. Ask the operator/);
  assert.match(refusal("x", null), /is wrong/);
  const expired = refusal("x", { expired: true, error: "the token guest has expired; ask the operator for a new address" });
  assert.equal(expired, "The token guest has expired; ask the operator for a new address.");
});

test("a source that is refused after its login does not wait for one", () => {
  assert.equal(sourceVerdict({ state: "refused", login: { state: "expired" } }).word, "waits for a login");
  assert.equal(sourceVerdict({ state: "refused", login: { state: "done" } }).word, "refused");
  assert.equal(sourceVerdict({ state: "live", login: { state: "done" } }).word, "live");
});

test("sources and processes have a state, and an unknown state is shown unchanged", () => {
  assert.deepEqual(
    ["live", "connecting", "silent", "degraded", "refused", "constructor", null].map((state) => sourceVerdict({ state }).tone),
    ["", "warn", "warn", "warn", "bad", "warn", "warn"],
  );
  assert.deepEqual(
    [{ silent: true, degraded: true }, { degraded: true }, { state: "failed" }, { state: "starting_up" }, {}].map((row) => {
      const verdict = processVerdict({ state: "running", ...row });
      return [verdict.word, verdict.tone];
    }),
    [["silent", "warn"], ["degraded", "bad"], ["failed", "bad"], ["starting up", "warn"], ["running", ""]],
  );
});

test("the state of OBS in words; none of one that is closed", () => {
  const words = (/** @type {any} */ state) => obsVerdicts({ name: "obs", ...state }).map((each) => each.tone + each.word);
  assert.deepEqual(words({}), ["not streaming"]);
  assert.deepEqual(words({ streaming: true, recording: true, replay_buffer: true }), ["streaming", "recording", "replay buffer"]);
  assert.deepEqual(words({ streaming: true, reconnecting: true }), ["badstream interrupted, OBS reconnects"]);
  assert.deepEqual(words({ recording: true, recording_paused: true }), ["not streaming", "warnrecording paused"]);
  assert.deepEqual(words({ connected: false, streaming: true }), []);
  const line = (/** @type {string} */ type, /** @type {any} */ payload) => describe(event({ type, payload })).what;
  assert.equal(line("obs", { name: "obs", scene: "Game", recording: true }), "Game, not streaming, recording");
  assert.equal(line("obs", { name: "obs", connected: false }), "closed");
  assert.equal(line("obs_source", { obs: "obs", source: "Webcam", visible: false }), "Webcam hidden");
  assert.equal(line("scene", {}), "the layout itself");
});

test("types without a widget are known, so that their test can be reported as invisible", () => {
  const shown = new Set(WIDGETS.flatMap(({ types }) => types.map(String)));
  const orders = ["scene", "toggle"]; // what the page itself obeys
  const unshown = CATALOG.map(({ type }) => String(type)).filter((type) => !shown.has(type) && !orders.includes(type));
  assert.deepEqual([...UNSHOWN].sort(), unshown.sort());
});

test("the delivery state depends on the overlays that were connected", () => {
  const kill = event({ position: 5, ts_ingest_ms: 1_000 });
  const at = (/** @type {number} */ position, start_position = 0, fields = {}) => ({ position, start_position, ...fields });
  const cases = /** @type {[any, any[], number, string][]} */ ([
    [kill, [], 2_000, "logged"],
    [kill, [at(5)], 2_000, "rendered 1/1"],
    [kill, [at(5), at(4)], 2_000, "on its way"],
    [kill, [at(5), at(4)], 9_000, "rendered 1/2"],
    [kill, [at(4)], 2_000, "on its way"],
    [kill, [at(0, 5)], 9_000, "logged"],
    [kill, [at(9, 5)], 9_000, "logged"],
    [kill, [at(5), at(9, 6)], 9_000, "rendered 1/1"],
    [kill, [at(9, 0, { types: ["chat"] }), at(5, 0, { types: ["kill"] })], 9_000, "rendered 1/1"],
    [event({ position: 0 }), [at(5)], 9_000, "sent"],
    [event({ position: 0 }), [], 9_000, "no overlay"],
  ]);
  for (const [one, overlays, now, word] of cases) assert.equal(delivery(one, overlays, [], now).word, word);
  const gone = (/** @type {number} */ position, start_position = 0) => [{ position, start_position, overlay_id: "main" }];
  assert.deepEqual([gone(5), gone(4), gone(9, 5), []].map((lost) => delivery(kill, [], lost, 9_000).word), ["rendered 1/1", "logged", "logged", "logged"]);
  assert.equal(delivery(kill, [at(9, 5)], gone(5), 9_000).word, "rendered 1/1", "the one that reconnected began later");
});

test("the list says what the opened history says", () => {
  const kill = event({ position: 5, ts_ingest_ms: 1_000 });
  const history = (/** @type {string[]} */ ...ids) => ({ history: { outcome: "logged", position: 5, rendered_by: ids.map((overlay_id) => ({ overlay_id })) } });
  const deliveries = new Deliveries();
  const word = (connected = /** @type {any[]} */ ([])) => deliveries.of(kill, connected, [], 9_000).word;
  assert.equal(word(), "logged");
  deliveries.learn(kill.id, null, []);
  deliveries.learn(kill.id, history(), [{ overlay_id: "main", start_position: 0 }]);
  assert.equal(word(), "logged", "an overlay has yet to render it");
  deliveries.learn(kill.id, history(), []);
  assert.equal(word(), "no overlay");
  deliveries.told.clear();
  deliveries.learn(kill.id, { ...history(), earlier: true }, []);
  assert.equal(word(), "logged", "the gateway has restarted since");
  deliveries.learn(kill.id, history("main", "side", "main"), []);
  assert.equal(word(), "rendered 2/2");
  for (let n = 0; n < 600; n += 1) deliveries.learn(`k${n}`, history("main"), []);
  assert.equal(deliveries.told.size, 500);
});

test("a rendered event stays rendered when the overlay disconnects", () => {
  const kill = event({ position: 5, ts_ingest_ms: 1_000 });
  const deliveries = new Deliveries();
  const words = [[{ position: 5, lag: 0 }], [], [{ position: 0, start_position: 5 }], [{ position: 5, lag: 0 }, { position: 5, lag: 0 }], []].map(
    (overlays) => deliveries.of(kill, overlays, [], 9_000).word,
  );
  assert.deepEqual(words, ["rendered 1/1", "rendered 1/1", "rendered 1/1", "rendered 2/2", "rendered 2/2"]);
});

test("a history is shown in words without empty numbers", () => {
  const logged = { outcome: "logged", position: 7, ts_ingest_ms: 1_000, ts_normalized_ms: 1_001.5, ts_queued_ms: 1_002 };
  const words = (/** @type {any} */ answer, connected = ["main"]) => steps(answer, connected.map((overlay_id) => ({ overlay_id }))).map((step) => step.what);
  assert.deepEqual(words({ history: { ...logged, rendered_by: [{ overlay_id: "main", by_ts_ms: 1_050 }] } }, ["main", "side"]), [
    ...["Accepted", "Understood", "Logged as number 7", "Rendered by main", "Not rendered yet by side"],
  ]);
  const unseen = { overlay_id: "main", by_ts_ms: 1_050, seen: false };
  assert.match(words({ history: { ...logged, rendered_by: [unseen] } }).at(-1) ?? "", /^Committed by main, but never visible/);
  assert.match(words({ history: { ...logged, rendered_by: [] } }, []).at(-1) ?? "", /none was connected/);
  assert.match(words({ history: { ...logged, rendered_by: [] }, earlier: true }, []).at(-1) ?? "", /^Not known .* has restarted since$/);
  assert.deepEqual(words({ history: { outcome: "dropped", detail: "cosmetic_full" } }), ["Not shown: dropped by the rule cosmetic_full"]);
  assert.deepEqual(words({ history: { outcome: "rejected", reason: "no such type" } }), ["Rejected: no such type"]);
  assert.deepEqual(words({ history: null, reasons: ["the queue-manager does not answer"] }), [
    ...["There is no data about it (any more)", "Unknown: the queue-manager does not answer"],
  ]);
  assert.deepEqual(words(null), ["There is no data about it (any more)"]);
});

test("a history is unfinished while the event waits or an overlay has not rendered it", () => {
  const history = { outcome: "logged", position: 7, type: "kill", rendered_by: [{ overlay_id: "main" }] };
  const overlay = (/** @type {Record<string, unknown>} */ fields) => [{ overlay_id: "main" }, { overlay_id: "side", ...fields }];
  const cases = /** @type {[any, Record<string, any>[], boolean][]} */ ([
    [{ history }, overlay({}), true],
    [{ history }, overlay({ start_position: 7 }), false],
    [{ history }, overlay({ types: ["chat"] }), false],
    [{ history }, [], false],
    [{ history: { outcome: "pending" } }, [], true],
    [{ history: { outcome: "dropped" } }, overlay({}), false],
    [{ history: null, reasons: ["x"] }, overlay({}), false],
    [null, overlay({}), false],
  ]);
  for (const [answer, connected, expected] of cases) assert.equal(unfinished(answer, connected), expected, JSON.stringify(answer));
});

test("an event of any type and shape is described", () => {
  const player = (/** @type {string} */ name) => ({ id: name, name });
  const kill = describe(event({ type: "kill", payload: { attacker: player("A"), victim: player("B"), weapon: "awp", headshot: true } }));
  assert.deepEqual([kill.title, kill.who, kill.what], ["Kill", ["A", "B"], "AWP, headshot"]);
  assert.equal(describe(event({ type: "cheer", payload: { user: "U", bits: 1 } })).what, "1 bit");
  assert.equal(describe(event({ type: "chat", payload: { user: "U", text: "x".repeat(60_000) } })).what.length, 301);
  for (const payload of [null, 7, "x", [], { user: 7, player: null, kills: {} }, { scores: 3, attacker: { name: {} } }]) {
    for (const type of ["kill", "score", "brand_new", "constructor", "poll", "gift"]) {
      const line = describe(event({ type, payload }));
      assert.ok(typeof line.what === "string" && line.who.every((name) => typeof name === "string"));
    }
  }
});

test("the plots keep five minutes, and a restarted ledger gives no negative rate", () => {
  const history = new History();
  const status = (/** @type {number} */ received) => ({ ledger: { events: { critical: { received } } }, clients: [{ latency_p95_ms: 20 }, {}] });
  history.add(status(100), 0);
  history.add(status(110), 2);
  history.add(status(3), 4);
  history.add({}, 6);
  assert.deepEqual(history.samples.rate, [null, 5, null, null]);
  assert.deepEqual(history.samples.p95, [20, 20, 20, null]);
  for (let t = 8; t < 1_000; t += 1) history.add(status(t), t);
  assert.ok(history.samples.t.length <= 301 && history.samples.rate.length === history.samples.t.length);
});

test("unknown values are shown as a dash", () => {
  assert.deepEqual([share(0.1234), share(null), share("1")], ["12.3 %", "–", "–"]);
});

test("a change of settings says what it restarts, and is written as a configuration file", () => {
  const none = { changes: [], restarted: [], started: [], stopped: [] };
  assert.equal(consequence(none, false), "Applies at once; no process is restarted.");
  assert.equal(consequence({ ...none, restarted: ["a", "b"], stopped: ["demo"] }, true), "Restarted a, b. Stopped demo.");
  const change = (/** @type {string} */ key, /** @type {unknown} */ after) => ({ key, before: null, after });
  const changes = [change("queue.flush_hz", 50), change("demo", false), change("queue.busy_hz", 20), change("sources.tw.skip", ["a\"b"])];
  assert.equal(asFile(changes), 'demo = false\n\n[queue]\nflush_hz = 50\nbusy_hz = 20\n\n[sources.tw]\nskip = ["a\\"b"]');
  assert.equal(readPlan({ accepted: 1 }), null);
  assert.deepEqual(readPlan({ changes: [null], restarted: 7 }), { ...none, changes: [{ key: "undefined", before: undefined, after: undefined }] });
});

test("the text of a field becomes the value that it shows", () => {
  for (const [kind, value] of /** @type {[string, unknown][]} */ ([["bool", false], ["number", 0.25], ["text", "a b"], ["list", ["a", "b"]], ["choice", "on"]])) {
    assert.deepEqual(valueOf(kind, textOf(value)), value);
  }
  assert.equal(valueOf("number", "1_000"), 1_000);
  for (const text of ["", "x", "1e999", "1,5"]) assert.throws(() => valueOf("number", text), /is not a number/);
});

test("names of hidden widgets are bounded", () => {
  const switches = new Switches();
  const hide = (/** @type {number} */ n) => event({ type: "toggle", payload: { name: `n${n}`, on: false } });
  switches.see(Array.from({ length: 1_000 }, (_, n) => hide(n)));
  assert.equal(switches.off.size, MOST_OFF);
  assert.ok(switches.off.has("n999"));
});

test("a scene that no layout has is named", () => {
  const switches = new Switches();
  switches.see([event({ type: "scene", payload: { name: "nosuch" } })]);
  assert.deepEqual(switches.words(["break"]), ["no layout has the scene nosuch"]);
  assert.deepEqual(switches.words(["nosuch"]), ["overlays show the scene nosuch"]);
  assert.deepEqual(switches.words(), ["overlays show the scene nosuch"]);
});

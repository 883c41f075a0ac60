// @ts-check
// The studio: edits the positions of widgets over a live preview. Connects the parts of the page; the layout is in core/editor.mjs.

import { Editor } from "../core/editor.mjs";
import { OwnWidgets } from "../own.mjs";
import { WIDGETS } from "../widgets/all.mjs";
import { AddressForm } from "./address.mjs";
import { Background } from "./background.mjs";
import { Board } from "./board.mjs";
import { Exchange } from "./exchange.mjs";
import { Files } from "./files.mjs";
import { Gateway } from "./gateway.mjs";
import { List } from "./list.mjs";
import { Panel } from "./panel.mjs";
import { Preview } from "./preview.mjs";
import { Scenes } from "./scenes.mjs";
import { send } from "./sender.mjs";

const PREVIEW = "studio-preview";

const FILLED_MS = 250; // how often labels make room for content

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const at = (id) => /** @type {T} */ (document.getElementById(id));
/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (at(id));
/** @param {string} id @param {() => unknown} act */
const click = (id, act) => at(id).addEventListener("click", () => void act());

const token = new URLSearchParams(location.hash.slice(1)).get("k") ?? "";
const frame = /** @type {HTMLIFrameElement} */ (at("preview"));
const gateway = new Gateway(token);
let display = "";

/** @type {string[]} */
const problems = [];
const kinds = [...WIDGETS, ...(await new OwnWidgets(WIDGETS, (problem) => problems.push(problem)).load())];
const themes = await gateway.themes().catch(() => ({ themes: [], previews: [] })); // nothing waits below: `show` needs all parts
/** @type {Editor} */
const editor = new Editor(kinds, show);
const board = new Board(
  editor,
  { stage: at("stage"), room: at("room"), boxes: at("boxes"), guides: at("guides"), preview: frame },
  () => ({ snap: input("snap").checked, safe: input("safe").checked }),
);
const preview = new Preview(frame, () => ({ layout: editor.layout, scene: editor.scene, upright: editor.upright }));
const list = new List(editor, at("list"), (name) => board.focus(name));
const panel = new Panel(editor, at("chosen"), at("fields"));
const scenes = new Scenes(editor, at, say);
const files = new Files(editor, gateway, at, say);
new Exchange(editor, at, () => files.name, say);
const form = new AddressForm(at("address-form"), kinds, themes, address);
const background = new Background(at("stage"), /** @type {any} */ (at("backdrop")), /** @type {any} */ (at("background")), input("file"));

/** @param {string} text @param {"good" | "warn" | "bad" | ""} [tone] */
function say(text, tone = "") {
  at("state").textContent = text;
  at("state").dataset.tone = tone;
}

function show() {
  for (const [id, on] of Object.entries({
    undo: editor.past.length > 0,
    redo: editor.future.length > 0,
  })) {
    /** @type {HTMLButtonElement} */ (at(id)).disabled = !on;
  }
  background.fit(editor.stage);
  scenes.show();
  board.show();
  list.show();
  panel.show();
  files.show();
  preview.update();
}

function nameOverlay() {
  const name = input("overlay").value;
  form.set("overlay_id", name === "default" ? "" : name);
}

function address() {
  at("address").textContent = display === "" ? "" : form.address(display);
  if (token !== "") preview.open(form.preview(token, PREVIEW));
}

/** @param {Parameters<typeof send>[1]} commands @param {(count: number) => string} done */
async function command(commands, done) {
  try {
    say(done(await send(token, commands)), "good");
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "bad");
  }
}

click("undo", () => editor.undo());
click("redo", () => editor.redo());
click("reset-all", () => editor.resetAll());
click("fill", () => {
  const types = kinds.flatMap(({ samples, types }) => samples ?? types.slice(0, 1));
  return command([{ name: "test", args: { type: types } }], () => `${types.length} test events were sent.`);
});
click("empty", () => command([{ name: "show", args: { action: "end_test" } }], () => "All tests are ended."));
click("air", () => {
  const scene = { type: "scene", source: "studio", payload: { name: editor.scene } };
  return command([{ name: "emit", args: scene }], () => `Overlays show ${editor.scene === "" ? "no scene" : `the scene ${editor.scene}`}.`);
});
click("copy", async () => {
  const done = await navigator.clipboard.writeText(at("address").textContent ?? "").then(() => true, () => false);
  if (!done) getSelection()?.selectAllChildren(at("address"));
  say(done ? "The address is copied." : "Copy the selected address.", done ? "good" : "warn");
});
at("canvas").addEventListener("change", () => editor.choose({ upright: input("canvas").value !== "" }));
at("overlay").addEventListener("change", nameOverlay);
at("outline").addEventListener("change", () => at("stage").classList.toggle("bare", !input("outline").checked));
at("safe").addEventListener("change", () => board.show());
addEventListener("hashchange", () => location.reload());
addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y", "s"].includes(key)) return;
  event.preventDefault();
  if (key === "s") void files.save();
  else if (key === "y" || event.shiftKey) editor.redo();
  else editor.undo();
});

setInterval(() => board.fill((name) => preview.shows(name)), FILLED_MS);
at("home").setAttribute("href", `/#k=${token}`);
if (files.name !== "default") nameOverlay(); // it was entered before this script ran
show();
await files.begin();
if (problems.length > 0) say(problems.join("; "), "bad");
display = await gateway.displayToken().catch(() => "");
address();

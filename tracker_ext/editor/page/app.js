// Puts the page together: state, what buttons and keys do, news of the server.

import { Stage } from "./canvas.js";
import { element, showClips } from "./clips.js";
import { Curve } from "./curve.js";
import { KEYS, actionOf, isTaken, shown } from "./keys.js";
import { LOW, confidenceAt, describe, doubtful, hint, lastOfAbsence, newModel, objectOf, stateAt, update, worstFrame } from "./model.js";
import { get, post } from "./net.js";
import { css, runs } from "./paint.js";
import { nudged } from "./view.js";

const at = (id) => document.getElementById(id);
const BUSY = 250, QUIET = 1500, AHEAD = 10;

let clips = [];
let clip = null;
let model = null;
let frame = 0;
let selected = null;
let playing = false;
let looked = new Set(); // doubtful frames that were looked at
let pending = 0; // requests on their way

const stage = new Stage(at("view"), {
  box: (box) => act({ do: "box", object: selected, frame, box }),
  painted: (mask, on, id) => sendPaint(mask, on, id),
  select,
  problem,
});
const curve = new Curve(at("curve"), (to) => { stop(); go(to); });

function problem(error) {
  at("toast").textContent = error.message;
  at("toast").hidden = false;
  clearTimeout(problem.timer);
  problem.timer = setTimeout(() => { at("toast").hidden = true; }, 6000);
}

async function send(request) {
  pending += 1;
  try {
    await request();
    await news();
  } catch (error) {
    problem(error);
  } finally {
    pending -= 1;
  }
}

function act(request) {
  return send(async () => {
    const before = new Set(model.objects.map((object) => object.id));
    await post(`clips/${clip}/act`, request);
    await news();
    const fresh = model.objects.find((object) => !before.has(object.id));
    if (fresh) select(fresh.id);
    else if (selected !== null && !objectOf(model, selected)) select(model.objects.length ? model.objects[0].id : null);
  });
}

function sendPaint(mask, on, id) {
  return send(() => post(`clips/${clip}/paint/${id}/${on}`, runs(mask)));
}

// News -------------------------------------------------------------------------------------------------------------

async function news() {
  if (clip === null) return;
  const asked = clip;
  const told = await get(`clips/${clip}/news?since=${model.tick}&at=${frame}`);
  if (asked !== clip || told.tick < model.tick) return;
  const changed = update(model, told);
  if (changed.includes(frame)) stage.load(frame).catch(problem);
  show();
}

async function poll() {
  let wait = QUIET;
  try {
    await news();
    if (model && (model.work.state !== "idle" || pending)) wait = BUSY;
  } catch (error) {
    problem(error);
  }
  setTimeout(poll, wait);
}

// Showing ----------------------------------------------------------------------------------------------------------

function show() {
  if (!model) return;
  at("hint").textContent = hint(model, selected);
  at("hint").classList.toggle("bad", Boolean(model.work.error));
  at("undo").disabled = !model.undo;
  at("undo").title = model.undo || "";
  at("redo").disabled = !model.redo;
  at("redo").title = model.redo || "";
  at("run").replaceChildren(model.live ? "Pause " : "Make masks ", element("kbd", "", "Enter"));
  at("run").classList.toggle("primary", !model.live || Boolean(model.work.error));
  at("here").textContent = describe(model, selected, frame) || "Choose an object, or draw a box.";
  const kind = stateAt(model, selected, frame).kind;
  document.querySelector('[data-act="clear"]').disabled = !["box", "painted", "absent"].includes(kind);
  document.querySelector('[data-act="absent"]').disabled = selected === null;
  const object = objectOf(model, selected);
  at("follow").disabled = !["box", "painted"].includes(kind);
  at("follow").setAttribute("aria-pressed", String(Boolean(object && object.follows.includes(frame))));
  at("of").textContent = `of 0 to ${model.facts.frames - 1}`;
  if (document.activeElement !== at("frame")) at("frame").value = frame;
  const value = selected === null ? null : confidenceAt(model, selected, frame);
  at("confidence").textContent = value === null ? "" : `confidence ${value.toFixed(2)}${value < LOW ? " low" : ""}`;
  at("confidence").className = value !== null && value < LOW ? "low" : "";
  at("note").hidden = !model.unreadable.includes(frame);
  at("note").textContent = "This frame is damaged.";
  showObjects();
  curve.draw(model, selected, frame);
  stage.set({ frame, selected });
}

function showObjects() {
  const key = JSON.stringify([selected, model.objects.map((object) => [object.id, object.name])]);
  if (at("objects").dataset.key === key) return;
  at("objects").dataset.key = key;
  at("objects").replaceChildren(...model.objects.map((object) => {
    const row = element("div", "object");
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(object.id === selected));
    row.tabIndex = 0;
    const mark = element("i");
    mark.style.background = css(object.id);
    const name = element("span", "", object.name);
    name.title = "Double-click to give it a name";
    const remove = element("button", "", "✕");
    remove.type = "button";
    remove.title = `Remove ${object.name}, with its boxes and masks; Undo brings it back`;
    remove.setAttribute("aria-label", `Remove ${object.name}`);
    remove.addEventListener("click", (event) => { event.stopPropagation(); act({ do: "remove", object: object.id }); });
    row.append(mark, name, remove);
    row.addEventListener("click", () => select(object.id));
    row.addEventListener("dblclick", () => rename(object));
    return row;
  }));
  if (!model.objects.length) at("objects").append(element("p", "none", "None yet."));
}

function rename(object) {
  const name = window.prompt("Name of the object", object.name);
  if (name !== null) act({ do: "name", object: object.id, name });
}

function select(id) {
  selected = id;
  show();
}

async function go(to) {
  if (!model) return;
  frame = Math.max(0, Math.min(model.facts.frames - 1, to));
  show();
  try {
    await stage.load(frame);
  } catch (error) {
    if (!model.unreadable.includes(frame)) problem(error);
  }
}

function stop() {
  playing = false;
  at("play").textContent = "Play";
}

async function play() {
  playing = !playing;
  at("play").textContent = playing ? "Stop" : "Play";
  if (playing && frame === model.facts.frames - 1) frame = -1;
  let due = performance.now();
  while (playing && frame < model.facts.frames - 1) {
    for (let ahead = 2; ahead <= AHEAD; ahead += 1) {
      if (frame + ahead < model.facts.frames) stage.picture(frame + ahead).catch(() => {});
    }
    await go(frame + 1);
    due = Math.max(due + 1000 / model.facts.fps, performance.now());
    await new Promise((done) => { setTimeout(done, due - performance.now()); });
  }
  stop();
}

// What can be done -------------------------------------------------------------------------------------------------

function toMark(step) {
  const frames = [...new Set(model.objects.flatMap((object) => Object.keys(object.marks).map(Number)))].sort((a, b) => a - b);
  const next = step > 0 ? frames.find((one) => one > frame) : frames.reverse().find((one) => one < frame);
  if (next !== undefined) go(next);
}

function toWorst() {
  const bad = doubtful(model);
  if (!bad.some((one) => !looked.has(one))) looked = new Set();
  const next = bad.find((one) => !looked.has(one) && one !== frame) ?? worstFrame(model, selected, frame);
  if (next === null || next === undefined) return;
  looked.add(next);
  go(next);
}

function nextObject() {
  const ids = model.objects.map((object) => object.id);
  if (ids.length) select(ids[(ids.indexOf(selected) + 1) % ids.length]);
}

function reshape(dx, dy, dw, dh) {
  const box = stage.box;
  if (!box) return problem(new Error("There is no box on this frame: press i to draw one."));
  const step = Math.max(1, Math.round(Math.max(model.facts.width, model.facts.height) / 200));
  const [x, y, w, h] = nudged(box, dx * step, dy * step, model.facts);
  const sized = [x, y, Math.max(2, w + dw * step), Math.max(2, h + dh * step)];
  return act({ do: "box", object: selected, frame, box: sized });
}

function middleBox() {
  const { width, height } = model.facts;
  const box = stage.box || [width * 0.375, height * 0.375, width * 0.25, height * 0.25];
  return act({ do: "box", object: selected, frame, box });
}

function tool(name) {
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  }
  at("brush-row").hidden = !["paint", "erase"].includes(name);
  stage.set({ tool: name });
}

function brush(size) {
  const radius = Math.max(1, Math.min(120, Math.round(size)));
  at("brush").value = radius;
  at("brush-size").textContent = `${radius} px`;
  stage.set({ brush: radius });
}

function looks() {
  at("opacity-value").textContent = `${at("opacity").value} %`;
  stage.set({ masks: at("masks").checked, boxes: at("boxes").checked, opacity: at("opacity").value / 100 });
}

function toggle(id) {
  at(id).checked = !at(id).checked;
  looks();
}

async function leave() {
  await post("leave", {}).catch(() => {});
  document.body.replaceChildren(element("p", "", "The editor is closed, and everything is saved. You can close this page."));
  clip = null;
}

const chosen = (request) => (selected === null ? problem(new Error("Choose an object first.")) : act({ object: selected, frame, ...request }));
const ACTIONS = {
  run: () => act({ do: "live", on: !model.live || Boolean(model.work.error) }),
  play, worst: toWorst, new: () => select(null), "next-object": nextObject, "draw-box": middleBox,
  after: () => go(frame + 1), before: () => go(frame - 1), after10: () => go(frame + 10), before10: () => go(frame - 10),
  first: () => go(0), last: () => go(model.facts.frames - 1),
  "next-mark": () => toMark(1), "mark-before": () => toMark(-1),
  "tool-box": () => tool("box"), "tool-paint": () => tool("paint"), "tool-erase": () => tool("erase"), "tool-move": () => tool("move"),
  smaller: () => brush(at("brush").value / 1.25), larger: () => brush(at("brush").value * 1.25 + 0.5),
  "box-left": () => reshape(-1, 0, 0, 0), "box-right": () => reshape(1, 0, 0, 0),
  "box-up": () => reshape(0, -1, 0, 0), "box-down": () => reshape(0, 1, 0, 0),
  "box-narrower": () => reshape(0, 0, -1, 0), "box-wider": () => reshape(0, 0, 1, 0),
  "box-lower": () => reshape(0, 0, 0, -1), "box-higher": () => reshape(0, 0, 0, 1),
  absent: () => chosen({ do: "absent" }), "absent-on": () => chosen({ do: "absent", last: lastOfAbsence(model, selected, frame) }),
  clear: () => chosen({ do: "clear" }),
  follow: () => chosen({ do: "follow", on: !objectOf(model, selected)?.follows.includes(frame) }),
  masks: () => toggle("masks"), boxes: () => toggle("boxes"),
  "zoom-in": () => stage.zoom(1.25), "zoom-out": () => stage.zoom(0.8), fit: () => stage.whole(),
  undo: () => act({ do: "undo" }), redo: () => act({ do: "redo" }), film: () => act({ do: "film" }),
};
const ALWAYS = { help: () => at("help").showModal(), list, leave };
const STOPPING = new Set(["after", "before", "after10", "before10", "first", "last", "worst", "next-mark", "mark-before"]);

function perform(name) {
  if (name in ALWAYS) return ALWAYS[name]();
  if (!model || clip === null) return null;
  if (STOPPING.has(name)) stop();
  return ACTIONS[name]();
}

// Opening ----------------------------------------------------------------------------------------------------------

async function list() {
  if (clips.length < 2) return;
  stop();
  clip = model = null;
  ({ clips } = await get("clips"));
  at("editor").hidden = at("back").hidden = true;
  at("clips").hidden = false;
  at("name").textContent = "box2mask editor";
  at("where").textContent = `${clips.length} clips`;
  at("hint").textContent = "Choose a clip to work on.";
  showClips(at("clips"), clips, (number) => open(number).catch(problem));
}

async function open(number) {
  at("hint").textContent = `Opening ${clips[number].name} ...`;
  const facts = await post(`clips/${number}/open`, {});
  clip = number;
  model = newModel(facts);
  frame = 0;
  selected = null;
  looked = new Set();
  at("clips").hidden = true;
  at("editor").hidden = false;
  at("back").hidden = clips.length < 2;
  at("name").textContent = facts.name;
  at("where").textContent = `${facts.frames} frames, ${facts.width} x ${facts.height}; results: ${facts.out}`;
  at("frame").max = facts.frames - 1;
  stage.open(model, clip);
  stage.resize();
  await news();
  if (model.objects.length) select(model.objects[0].id);
  await go(0);
}

async function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button && !button.disabled) perform(button.dataset.act);
  });
  document.addEventListener("keydown", (event) => {
    const action = actionOf(event);
    if (!action || at("help").open || (event.target.closest && isTaken(event.target, event))) return;
    if (action === "next-object" && (!model || document.activeElement !== at("view"))) return;
    event.preventDefault();
    perform(action);
  });
  for (const id of ["masks", "boxes", "opacity"]) at(id).addEventListener("input", looks);
  at("brush").addEventListener("input", () => brush(Number(at("brush").value)));
  at("frame").addEventListener("change", () => { stop(); go(Number(at("frame").value) || 0); });
  at("frame").addEventListener("keydown", (event) => { if (event.key === "Enter") at("view").focus(); });
  window.addEventListener("resize", show);
  at("keys").replaceChildren(...KEYS.filter(([, , text]) => text).map(([keys, , text]) => {
    const row = element("tr");
    const names = element("td");
    keys.forEach((key) => names.append(element("kbd", "", shown(key)), " "));
    row.append(names, element("td", "", text));
    return row;
  }));
  tool("box");
  brush(12);
  looks();
  const told = await get("clips");
  clips = told.clips;
  if (clips.length === 1 || told.open !== null) await open(told.open ?? 0);
  else await list();
  document.documentElement.dataset.ready = "yes";
  poll();
}

start().catch(problem);

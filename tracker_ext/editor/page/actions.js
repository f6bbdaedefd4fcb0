// What buttons and keys do.

import { doubtful, lastOfAbsence, objectOf, stateAt, update, worstFrame } from "./model.js";
import { get, post } from "./net.js";
import { runs } from "./paint.js";
import { show } from "./show.js";
import { app, at, notice, problem, saved } from "./state.js";
import { nudged } from "./view.js";

const AHEAD = 10; // pictures that are fetched before they are shown

export const told = { select, act };

// Asking the server ------------------------------------------------------------------------------------------------

export async function news() {
  const { clip, model, frame } = app;
  if (clip === null) return;
  const found = await get(`clips/${clip}/news?since=${model.tick}&at=${frame}`);
  if (clip !== app.clip || found.tick < model.tick) return;
  const changed = update(model, found);
  if (changed.includes(app.frame)) app.stage.load(app.frame).catch(problem);
  show(told);
}

// One step after the other: the next one may be about the object that this one makes.
function send(request) {
  const { clip } = app;
  app.pending += 1;
  const sent = app.queue.then(() => (app.clip === clip ? request() : null)).then(news).catch(problem).finally(() => { app.pending -= 1; });
  app.queue = sent;
  return sent;
}

// `request`: what to ask for; or a function that says so once the steps before are done, null for nothing.
export function act(request) {
  return send(async () => {
    const wanted = typeof request === "function" ? request() : request;
    if (wanted === null) return;
    const before = new Set(app.model.objects.map((object) => object.id));
    const { done } = await post(`clips/${app.clip}/act`, wanted);
    if (done) saved();
    await news();
    const { objects } = app.model;
    const fresh = objects.find((object) => !before.has(object.id));
    if (fresh) select(fresh.id);
    else if (app.selected !== null && !objectOf(app.model, app.selected)) select(objects.length ? objects[0].id : null);
  });
}

export function sendPaint(mask, frame, id) {
  return send(async () => {
    await post(`clips/${app.clip}/paint/${id}/${frame}`, runs(mask));
    saved();
  });
}

export function decide(choice) {
  return send(async () => {
    const { facts } = app.model;
    const decision = choice === undefined ? facts.decision : choice === facts.decision ? "" : choice;
    Object.assign(facts, await post(`clips/${app.clip}/decide`, { decision, comment: at("comment").value }));
    saved();
  });
}

// What a person corrected goes into the data set; says so, also where there was nothing to do.
function save() {
  return send(async () => {
    const { done } = await post(`clips/${app.clip}/act`, { do: "save" });
    const time = saved();
    notice(done ? `Saved at ${time}: ${done}.` : `Saved at ${time}: nothing had changed since the last time.`);
  });
}

// Looking ----------------------------------------------------------------------------------------------------------

export function select(id) {
  app.selected = id;
  show(told);
}

export async function go(to) {
  const { model } = app;
  if (!model) return;
  app.frame = Math.max(0, Math.min(model.facts.frames - 1, to));
  show(told);
  const { frame } = app;
  try {
    await app.stage.load(frame);
  } catch (error) {
    if (!model.unreadable.includes(frame)) problem(error);
  }
}

export function stop() {
  app.playing = false;
  at("play").textContent = "Play";
}

function rename() {
  const row = at("objects").querySelector('[aria-selected="true"]');
  if (row) row.dispatchEvent(new CustomEvent("rename"));
}

async function play() {
  const { model } = app;
  app.playing = !app.playing;
  at("play").textContent = app.playing ? "Pause" : "Play";
  if (app.playing && app.frame === model.facts.frames - 1) app.frame = -1;
  let due = performance.now();
  while (app.playing && app.model === model && app.frame < model.facts.frames - 1) {
    for (let ahead = 2; ahead <= AHEAD; ahead += 1) {
      if (app.frame + ahead < model.facts.frames) app.stage.picture(app.frame + ahead).catch(() => {});
    }
    await go(app.frame + 1);
    due = Math.max(due + 1000 / model.facts.fps, performance.now());
    await new Promise((done) => { setTimeout(done, due - performance.now()); });
  }
  stop();
}

function toMark(step) {
  const marks = app.model.objects.flatMap((object) => Object.keys(object.marks).map(Number));
  const frames = [...new Set(marks)].sort((a, b) => a - b);
  const next = step > 0 ? frames.find((one) => one > app.frame) : frames.reverse().find((one) => one < app.frame);
  if (next !== undefined) go(next);
}

function toWorst() {
  const bad = doubtful(app.model);
  if (!bad.some((one) => !app.looked.has(one))) app.looked = new Set();
  const next = bad.find((one) => !app.looked.has(one) && one !== app.frame) ?? worstFrame(app.model, app.selected, app.frame);
  if (next === null || next === undefined) return;
  app.looked.add(next);
  go(next);
}

function nextObject() {
  const ids = app.model.objects.map((object) => object.id);
  if (ids.length) select(ids[(ids.indexOf(app.selected) + 1) % ids.length]);
}

// Boxes without a mouse --------------------------------------------------------------------------------------------

export function drawn(box) {
  const { frame } = app;
  return act(() => ({ do: "box", object: app.selected, frame, box }));
}

function reshape(dx, dy, dw, dh) {
  const { frame } = app;
  return act(() => {
    const { box } = stateAt(app.model, app.selected, frame);
    if (!box) throw new Error("There is no box on this frame: press i to draw one.");
    return { do: "box", object: app.selected, frame, box: reshaped(box, dx, dy, dw, dh) };
  });
}

function reshaped(box, dx, dy, dw, dh) {
  const image = app.model.facts;
  const step = Math.max(1, Math.round(Math.max(image.width, image.height) / 200));
  const [x, y, w, h] = nudged(box, dx * step, dy * step, image);
  return [x, y, Math.max(2, w + dw * step), Math.max(2, h + dh * step)];
}

function middleBox() {
  const { width, height } = app.model.facts;
  return drawn(app.stage.box || [width * 0.375, height * 0.375, width * 0.25, height * 0.25]);
}

// Tools and view ---------------------------------------------------------------------------------------------------

export function tool(name) {
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  }
  at("brush-row").hidden = !["paint", "erase"].includes(name);
  app.stage.set({ tool: name });
}

export function brush(size) {
  const radius = Math.max(1, Math.min(120, Math.round(size)));
  at("brush").value = radius;
  at("brush-size").textContent = `${radius} px`;
  app.stage.set({ brush: radius });
}

export function looks() {
  at("opacity-value").textContent = `${at("opacity").value} %`;
  app.stage.set({ masks: at("masks").checked, boxes: at("boxes").checked, opacity: at("opacity").value / 100 });
}

function toggle(id) {
  at(id).checked = !at(id).checked;
  looks();
}

// A request about the selected object on this frame; `more` gives the rest of it.
function chosen(more) {
  const { frame } = app;
  return act(() => {
    if (app.selected === null) throw new Error("Choose an object first.");
    return { object: app.selected, frame, ...more(objectOf(app.model, app.selected), frame) };
  });
}

export const ACTIONS = {
  run: () => act(() => ({ do: "live", on: !app.model.live || Boolean(app.model.work.error) })),
  play, worst: toWorst, new: () => act(() => { select(null); return null; }), "next-object": nextObject, "draw-box": middleBox,
  after: () => go(app.frame + 1), before: () => go(app.frame - 1),
  after10: () => go(app.frame + 10), before10: () => go(app.frame - 10),
  first: () => go(0), last: () => go(app.model.facts.frames - 1),
  "next-mark": () => toMark(1), "mark-before": () => toMark(-1),
  "tool-box": () => tool("box"), "tool-paint": () => tool("paint"),
  "tool-erase": () => tool("erase"), "tool-move": () => tool("move"),
  smaller: () => brush(at("brush").value / 1.25), larger: () => brush(at("brush").value * 1.25 + 0.5),
  "box-left": () => reshape(-1, 0, 0, 0), "box-right": () => reshape(1, 0, 0, 0),
  "box-up": () => reshape(0, -1, 0, 0), "box-down": () => reshape(0, 1, 0, 0),
  "box-narrower": () => reshape(0, 0, -1, 0), "box-wider": () => reshape(0, 0, 1, 0),
  "box-lower": () => reshape(0, 0, 0, -1), "box-higher": () => reshape(0, 0, 0, 1),
  absent: () => chosen(() => ({ do: "absent" })),
  "absent-on": () => chosen((object, frame) => ({ do: "absent", last: lastOfAbsence(app.model, object.id, frame) })),
  clear: () => chosen(() => ({ do: "clear" })),
  follow: () => chosen((object, frame) => ({ do: "follow", on: !object.follows.includes(frame) })),
  masks: () => toggle("masks"), boxes: () => toggle("boxes"),
  "zoom-in": () => app.stage.zoom(1.25), "zoom-out": () => app.stage.zoom(0.8), fit: () => app.stage.whole(),
  undo: () => act({ do: "undo" }), redo: () => act({ do: "redo" }),
  export: () => { if (app.model.facts.formats) at("exports").showModal(); }, "export-now": (formats) => act({ do: "export", formats }),
  film: () => act({ do: "film" }), save, rename, stop: () => (at("cancel").hidden ? null : act({ do: "stop" })),
  again: () => act({ do: "again" }).then(() => (app.model && !app.model.live ? act({ do: "live", on: true }) : null)),
  accept: () => decide("accept"), reject: () => decide("reject"), flag: () => decide("flag"),
};
export const STOPPING = new Set(["after", "before", "after10", "before10", "first", "last", "worst", "next-mark", "mark-before"]);

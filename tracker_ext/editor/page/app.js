// Opens clips, listens to buttons and keys, asks for news.

import { ACTIONS, STOPPING, brush, decide, drawn, go, looks, news, select, sendPaint, stop, told, tool } from "./actions.js";
import { element, showClips } from "./clips.js";
import { KEYS, actionOf, isTaken, shown } from "./keys.js";
import { newModel } from "./model.js";
import { get, post } from "./net.js";
import { show } from "./show.js";
import { app, at, begin, problem } from "./state.js";

const BUSY = 250, QUIET = 1500; // milliseconds between two questions for news

async function poll() {
  let wait = QUIET;
  try {
    await news();
    if (app.model && (app.model.work.state !== "idle" || app.pending)) wait = BUSY;
  } catch (error) {
    problem(error);
  }
  setTimeout(poll, wait);
}

async function leave() {
  await post("leave", {}).catch(() => {});
  document.body.replaceChildren(element("p", "", "The editor is closed, and everything is saved. You can close this page."));
  app.clip = null;
}

async function list() {
  if (app.clips.length < 2) return;
  stop();
  app.clip = app.model = null;
  ({ clips: app.clips } = await get("clips"));
  at("editor").hidden = at("back").hidden = at("save").hidden = true;
  for (const id of ["undo", "redo", "film"]) at(id).hidden = true;
  at("clips").hidden = false;
  at("name").textContent = "box2mask editor";
  at("where").textContent = `${app.clips.length} clips`;
  const judged = app.clips.some((clip) => "worst" in clip);
  at("hint").textContent = judged ? "Choose a sequence: those with the worst masks come first." : "Choose a clip to work on.";
  showClips(at("clips"), app.clips, (number) => open(number).catch(problem));
}

async function open(number) {
  at("hint").textContent = `Opening ${app.clips[number].name} ...`;
  const facts = await post(`clips/${number}/open`, {});
  Object.assign(app, { clip: number, model: newModel(facts), frame: 0, selected: null, looked: new Set() });
  at("clips").hidden = true;
  at("editor").hidden = false;
  at("back").hidden = app.clips.length < 2;
  at("save").hidden = !("decision" in facts);
  for (const id of ["undo", "redo", "film"]) at(id).hidden = false;
  at("name").textContent = facts.name;
  at("where").textContent = `${facts.frames} frames, ${facts.width} x ${facts.height}; results: ${facts.out}`;
  at("frame").max = facts.frames - 1;
  at("comment").value = facts.comment || "";
  app.stage.open(app.model, app.clip);
  app.stage.resize();
  await news();
  if (app.model.objects.length) select(app.model.objects[0].id);
  await go(0);
}

function help() {
  at("help").showModal();
  at("help").scrollTop = 0; // the button that has the focus is at its end
}

const ALWAYS = { help, list: () => list().catch(problem), leave };

function perform(name) {
  if (name in ALWAYS) return ALWAYS[name]();
  if (!app.model || app.clip === null) return null;
  if (["accept", "reject", "flag"].includes(name) && !("decision" in app.model.facts)) return null;
  if (STOPPING.has(name)) stop();
  return ACTIONS[name]();
}

function listen() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button && !button.disabled) perform(button.dataset.act);
  });
  document.addEventListener("keydown", (event) => {
    const action = actionOf(event);
    if (!action || at("help").open || (event.target.closest && isTaken(event.target, event))) return;
    if (action === "next-object" && (!app.model || document.activeElement !== at("view"))) return;
    event.preventDefault();
    perform(action);
  });
  for (const id of ["masks", "boxes", "opacity"]) at(id).addEventListener("input", looks);
  at("brush").addEventListener("input", () => brush(Number(at("brush").value)));
  at("frame").addEventListener("change", () => { stop(); go(Number(at("frame").value) || 0); });
  at("frame").addEventListener("keydown", (event) => { if (event.key === "Enter") at("view").focus(); });
  at("comment").addEventListener("change", () => { if (app.model.facts.decision) decide(); });
  window.addEventListener("resize", () => show(told));
}

function showKeys() {
  at("keys").replaceChildren(...KEYS.filter(([, , text]) => text).map(([keys, , text]) => {
    const row = element("tr");
    const names = element("td");
    keys.slice(0, 2).forEach((key) => names.append(element("kbd", "", shown(key)), " "));
    row.append(names, element("td", "", text));
    return row;
  }));
}

async function start() {
  begin(
    { box: drawn, painted: sendPaint, select, problem },
    (frame) => { stop(); go(frame); },
  );
  listen();
  showKeys();
  tool("box");
  brush(12);
  looks();
  const found = await get("clips");
  app.clips = found.clips;
  if (app.clips.length === 1 || found.open !== null) await open(found.open ?? 0);
  else await list();
  document.documentElement.dataset.ready = "yes";
  poll();
}

start().catch(problem);

// Opens clips, listens to buttons and keys, asks for news.

import { ACTIONS, STOPPING, brush, decide, drawn, go, looks, news, select, sendPaint, stop, told, tool } from "./actions.js";
import { element, moveTo, rowOf, showClips } from "./clips.js";
import { GROUPS, actionOf, isTaken, shown } from "./keys.js";
import { newModel } from "./model.js";
import { Gone, get, post } from "./net.js";
import { show } from "./show.js";
import { app, at, begin, problem, saved } from "./state.js";

const BUSY = 250, QUIET = 1500; // milliseconds between two questions for news

async function poll() {
  let wait = QUIET;
  try {
    await news();
    if (app.model && (app.model.work.state !== "idle" || app.pending)) wait = BUSY;
    if (app.gone && app.clip === null) await list();
    app.gone = false;
  } catch (error) {
    if (error instanceof Gone) gone(error);
    else problem(error);
  }
  setTimeout(poll, wait);
}

// The program does not answer: that stays to be read until it does again.
function gone(error) {
  app.gone = true;
  stop();
  at("hint").textContent = error.message;
  at("hint").classList.add("bad");
  at("progress").hidden = at("cancel").hidden = true;
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
  for (const id of ["editor", "back", "save", "progress", "cancel"]) at(id).hidden = true;
  for (const id of ["undo", "redo", "film", "export"]) at(id).hidden = true;
  at("clips").hidden = false;
  at("name").textContent = "box2mask editor";
  at("where").textContent = `${app.clips.length} clips`;
  const judged = app.clips.some((clip) => "worst" in clip);
  at("hint").classList.remove("bad");
  at("hint").textContent = judged
    ? "Choose a sequence to correct it, or decide about it here. Those with the worst masks come first."
    : "Choose a clip to work on.";
  showClips(at("clips"), app.clips, OF_LIST);
}

// From the list: all masks of a sequence again.
async function again(number) {
  try {
    await open(number);
    await ACTIONS.again();
  } catch (error) {
    problem(error);
  }
}

// From the list: a decision about a sequence; the one in force is taken back.
async function decideAbout(number, choice) {
  const clip = app.clips[number];
  try {
    const decision = choice === clip.decision ? "" : choice;
    Object.assign(clip, await post(`clips/${number}/decide`, { decision, comment: clip.comment }));
    saved();
  } catch (error) {
    problem(error);
  }
  showClips(at("clips"), app.clips, OF_LIST);
  moveTo(at("clips"), number);
}

const OF_LIST = { open: (number) => open(number).catch(problem), again, decide: decideAbout };

async function open(number) {
  at("hint").textContent = `Opening ${app.clips[number].name} ...`;
  const facts = await post(`clips/${number}/open`, {});
  Object.assign(app, { clip: number, model: newModel(facts), frame: 0, selected: null, looked: new Set(), most: 0, done: null });
  at("clips").hidden = true;
  at("editor").hidden = false;
  at("back").hidden = app.clips.length < 2;
  at("save").hidden = !("decision" in facts);
  for (const id of ["undo", "redo", "film"]) at(id).hidden = false;
  at("export").hidden = !facts.formats;
  if (facts.formats) showFormats(facts);
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

// The formats of the dialog; COCO is ticked at first.
function showFormats(facts) {
  at("formats").replaceChildren(...facts.formats.map(([name, text]) => {
    const row = element("label");
    const box = element("input");
    [box.type, box.name, box.value, box.checked] = ["checkbox", "format", name, name === "coco"];
    row.append(box, element("b", "", name), element("span", "none", text));
    return row;
  }));
  at("exports-where").textContent = `They go into ${facts.export}; an earlier export there is replaced, files of yours are not.`;
}

function help() {
  at("help").showModal();
  at("help").scrollTop = 0; // the button that has the focus is at its end
}

const ALWAYS = { help, list: () => list().catch(problem), leave };

function perform(name) {
  if (name in ALWAYS) return ALWAYS[name]();
  if (app.clip === null && !at("clips").hidden) return inList(name);
  if (!app.model || app.clip === null) return null;
  if (["accept", "reject", "flag"].includes(name) && !("decision" in app.model.facts)) return null;
  if (STOPPING.has(name)) stop();
  return ACTIONS[name]?.();
}

// Keys in the list: up and down, and decisions about the row that has the focus.
function inList(name) {
  const row = rowOf(document.activeElement);
  const step = { after: 1, "next-mark": 1, before: -1, "mark-before": -1, "row-down": 1, "row-up": -1 }[name];
  if (step) moveTo(at("clips"), row === null ? 0 : row + step);
  else if (row !== null && "decision" in app.clips[row] && ["accept", "reject", "flag"].includes(name)) decideAbout(row, name);
}

function listen() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button && !button.disabled && rowOf(button) === null) perform(button.dataset.act);
  });
  document.addEventListener("keydown", (event) => {
    const action = actionOf(event);
    if (!action || at("help").open || at("exports").open || (event.target.closest && isTaken(event.target, event))) return;
    if (action === "next-object" && (!app.model || document.activeElement !== at("view"))) return;
    event.preventDefault();
    perform(action);
  });
  for (const id of ["masks", "boxes", "opacity"]) at(id).addEventListener("input", looks);
  at("brush").addEventListener("input", () => brush(Number(at("brush").value)));
  at("frame").addEventListener("change", () => { stop(); go(Number(at("frame").value) || 0); });
  at("frame").addEventListener("keydown", (event) => { if (event.key === "Enter") at("view").focus(); });
  at("comment").addEventListener("change", () => { if (app.model.facts.decision) decide(); });
  at("exports").addEventListener("close", () => {
    const chosen = [...at("formats").querySelectorAll("input:checked")].map((box) => box.value);
    if (at("exports").returnValue === "go") ACTIONS["export-now"](chosen);
    at("exports").returnValue = "";
  });
  at("toast").addEventListener("click", () => { at("toast").hidden = true; });
  window.addEventListener("resize", () => show(told));
}

function showKeys() {
  at("keys").replaceChildren(...Object.entries(GROUPS).map(([heading, keys]) => {
    const part = element("section");
    const table = element("table");
    for (const [names, , text] of keys) {
      if (!text) continue;
      const row = element("tr");
      const cell = element("td");
      names.slice(0, 2).forEach((key) => cell.append(element("kbd", "", shown(key)), " "));
      row.append(cell, element("td", "", text));
      table.append(row);
    }
    part.append(element("h3", "", heading), table);
    return part;
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

// Brings the page up to date with the state.

import { element, showDecision } from "./clips.js";
import { LOW, confidenceAt, describe, hint, objectOf, stateAt } from "./model.js";
import { css } from "./paint.js";
import { app, at, notice } from "./state.js";

// `told` has functions: select(id), act(request).
export function show(told) {
  const { model, frame, selected } = app;
  if (!model) return;
  at("hint").textContent = hint(model, selected);
  at("hint").classList.toggle("bad", Boolean(model.work.error));
  showProgress(model.work);
  if (model.work.done && app.done !== null && model.work.done !== app.done) notice(`${model.work.done}.`);
  app.done = model.work.done;
  showButton("undo", model.undo);
  showButton("redo", model.redo);
  at("run").replaceChildren(model.live ? "Pause masks " : "Make masks ", element("kbd", "", "Enter"));
  at("run").classList.toggle("primary", !model.live || Boolean(model.work.error));
  at("here").textContent = describe(model, selected, frame) || "Choose an object, or draw a box.";
  showFrameTools(objectOf(model, selected));
  at("rename").disabled = selected === null;
  at("legend").style.setProperty("--object", css(selected ?? 1));
  at("of").textContent = `of 0 to ${model.facts.frames - 1}`;
  if (document.activeElement !== at("frame")) at("frame").value = frame;
  const value = selected === null ? null : confidenceAt(model, selected, frame);
  at("confidence").textContent = value === null ? "" : `confidence ${value.toFixed(2)}${value < LOW ? " low" : ""}`;
  at("confidence").className = value !== null && value < LOW ? "low" : "";
  at("note").hidden = !model.unreadable.includes(frame);
  at("note").textContent = "This frame is damaged.";
  showObjects(told);
  showDecision(at("decision"), model.facts);
  app.curve.draw(model, selected, frame);
  app.stage.set({ frame, selected });
}

// How much of what is being made is done: of the most that was to be made since it began.
function showProgress(work) {
  const isBusy = work.state !== "idle";
  at("progress").hidden = at("cancel").hidden = !isBusy;
  app.most = isBusy ? Math.max(app.most, work.left) : 0;
  if (work.state === "loading" || !app.most) at("progress").removeAttribute("value");
  else [at("progress").max, at("progress").value] = [app.most, app.most - work.left];
}

function showButton(id, step) {
  at(id).disabled = !step;
  at(id).title = step || "";
}

function showFrameTools(object) {
  const { model, frame, selected } = app;
  const { kind } = stateAt(model, selected, frame);
  at("clear").disabled = !["box", "painted", "absent"].includes(kind);
  at("absent").disabled = selected === null;
  at("follow").disabled = !["box", "painted"].includes(kind);
  at("follow").setAttribute("aria-pressed", String(Boolean(object && object.follows.includes(frame))));
}

function showObjects(told) {
  const { model, selected } = app;
  const key = JSON.stringify([selected, model.objects.map((object) => [object.id, object.name])]);
  if (at("objects").dataset.key === key) return;
  at("objects").dataset.key = key;
  at("objects").replaceChildren(...model.objects.map((object) => objectRow(object, told)));
  if (!model.objects.length) at("objects").append(element("p", "none", "None yet."));
}

function objectRow(object, told) {
  const row = element("div", "object");
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", String(object.id === app.selected));
  row.tabIndex = 0;
  const mark = element("i");
  mark.style.background = css(object.id);
  const name = element("span", "", object.name);
  name.title = "Double-click, or press r, to give it a name";
  const remove = element("button", "", "✕");
  remove.type = "button";
  remove.title = `Remove ${object.name}, with its boxes and masks; Undo brings it back`;
  remove.setAttribute("aria-label", `Remove ${object.name}`);
  remove.addEventListener("click", (event) => {
    event.stopPropagation();
    told.act({ do: "remove", object: object.id });
  });
  row.append(mark, name, remove);
  row.addEventListener("click", () => told.select(object.id));
  row.addEventListener("keydown", (event) => { if (event.key === " ") told.select(object.id); });
  row.addEventListener("dblclick", () => nameIt(row, object, told));
  row.addEventListener("rename", () => nameIt(row, object, told));
  return row;
}

// Let the name of an object be written in its place.
function nameIt(row, object, told) {
  const field = element("input");
  [field.type, field.value, field.maxLength] = ["text", object.name, 60];
  field.setAttribute("aria-label", `Name of ${object.name}`);
  let isDone = false;
  const done = (isWanted) => {
    if (isDone) return;
    isDone = true;
    at("objects").dataset.key = "";
    if (isWanted && field.value.trim() && field.value !== object.name) told.act({ do: "name", object: object.id, name: field.value });
    show(told);
    at("view").focus();
  };
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") done(event.key === "Enter");
  });
  field.addEventListener("blur", () => done(true));
  field.addEventListener("click", (event) => event.stopPropagation());
  row.querySelector("span").replaceWith(field);
  field.select();
}

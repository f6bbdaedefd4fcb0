// What is open, and what the person looks at: one object that the other modules change.

import { Stage } from "./canvas.js";
import { Curve } from "./curve.js";

export const at = (id) => document.getElementById(id);

export const app = {
  clips: [],
  clip: null, // its number
  model: null,
  frame: 0,
  selected: null, // id of an object; null: the next box is one of a new object
  playing: false,
  looked: new Set(), // doubtful frames that were looked at
  most: 0, // masks that were to be made when it began
  done: "", // what was taken away last
  gone: false, // whether the program does not answer
  pending: 0, // requests on their way
  queue: Promise.resolve(), // the last of them
  stage: null,
  curve: null,
};

export function begin(told, jump) {
  app.stage = new Stage(at("view"), told);
  app.curve = new Curve(at("curve"), jump);
}

const SHOWN = 9000; // milliseconds

function toast(text, bad) {
  at("toast").textContent = text;
  at("toast").classList.toggle("good", !bad);
  at("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { at("toast").hidden = true; }, SHOWN);
}

export function problem(error) {
  toast(error.message, true);
}

export function notice(text) {
  toast(text, false);
}

// Remember, and show, when something was saved last.
export function saved() {
  const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  at("saved").textContent = `Saved ${time}`;
  return time;
}

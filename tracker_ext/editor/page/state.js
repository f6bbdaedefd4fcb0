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
  pending: 0, // requests on their way
  queue: Promise.resolve(), // the last of them
  stage: null,
  curve: null,
};

export function begin(told, jump) {
  app.stage = new Stage(at("view"), told);
  app.curve = new Curve(at("curve"), jump);
}

export function problem(error) {
  at("toast").textContent = error.message;
  at("toast").hidden = false;
  clearTimeout(problem.timer);
  problem.timer = setTimeout(() => { at("toast").hidden = true; }, 6000);
}

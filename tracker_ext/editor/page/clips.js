// The list of clips, where there are several; and decisions about the sequences of a data set.

import { LOW } from "./model.js";

export function element(tag, css = "", text = "") {
  const node = document.createElement(tag);
  if (css) node.className = css;
  node.textContent = text;
  return node;
}

const CHOICES = [["accept", "Accept"], ["reject", "Reject"], ["flag", "Flag"]];

function button(text, title, press) {
  const node = element("button", "", text);
  node.type = "button";
  node.title = title;
  node.addEventListener("click", press);
  return node;
}

// `told` has functions: open(number), again(number), decide(number, choice).
export function showClips(place, clips, told) {
  const judged = clips.some((clip) => "worst" in clip);
  const table = element("table");
  const head = element("tr");
  for (const name of judged ? ["sequence", "worst fifth", "decision", "comment", "masks"] : ["clip", ""]) head.append(element("th", "", name));
  table.append(head);
  clips.forEach((clip, number) => table.append(row(clip, number, judged, told)));
  place.replaceChildren(table);
}

function row(clip, number, judged, told) {
  const line = element("tr", "clip");
  line.dataset.row = number;
  line.addEventListener("click", (event) => { if (!event.target.closest("button")) told.open(number); });
  const name = button(clip.name, "Open it", () => told.open(number));
  name.className = "name";
  name.dir = "auto";
  const cell = element("td");
  cell.append(name);
  line.append(cell);
  if (!judged) {
    line.append(element("td", "", clip.begun ? "begun" : ""));
    return line;
  }
  const low = clip.worst !== null && clip.worst < LOW;
  line.append(element("td", low ? "value low" : "value", clip.worst === null ? "?" : clip.worst.toFixed(2)));
  const decisions = element("td", "choices");
  for (const [choice, text] of CHOICES) {
    const one = button(text, clip.decision === choice ? "Take it back" : text, () => told.decide(number, choice));
    one.dataset.act = choice;
    one.setAttribute("aria-pressed", String(clip.decision === choice));
    decisions.append(one);
  }
  const comment = element("td", "comment", clip.comment);
  comment.dir = "auto";
  const work = element("td", "choices");
  const state = clip.corrected ? "corrected" : clip.begun ? "begun" : "";
  work.append(
    button("Correct", "Open it, to correct its masks", () => told.open(number)),
    button("Again", "Make all its masks again; Undo brings them back", () => told.again(number)),
    element("span", "none", state),
  );
  line.append(decisions, comment, work);
  return line;
}

// The number of the row that something lies in; null outside the list.
export function rowOf(node) {
  const line = node && node.closest ? node.closest("[data-row]") : null;
  return line ? Number(line.dataset.row) : null;
}

// Give the focus to a row, the nearest there is.
export function moveTo(place, number) {
  const names = place.querySelectorAll(".name");
  if (names.length) names[Math.max(0, Math.min(names.length - 1, number))].focus();
}

// Buttons and comment of the open sequence.
export function showDecision(place, facts) {
  place.hidden = !("decision" in facts);
  for (const one of place.querySelectorAll(".choices button")) {
    one.setAttribute("aria-pressed", String(one.dataset.act === facts.decision));
  }
}

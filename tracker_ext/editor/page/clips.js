// The list of clips, where there are several; and decisions about the sequences of a data set.

import { LOW } from "./model.js";

export function element(tag, css = "", text = "") {
  const node = document.createElement(tag);
  if (css) node.className = css;
  node.textContent = text;
  return node;
}

const WORDS = { accept: "accepted", reject: "rejected", flag: "flagged" };

export function showClips(place, clips, open) {
  const judged = clips.some((clip) => "worst" in clip);
  const table = element("table");
  const head = element("tr");
  for (const name of judged ? ["sequence", "worst fifth", "decision", ""] : ["clip", ""]) head.append(element("th", "", name));
  table.append(head);
  clips.forEach((clip, number) => {
    const row = element("tr");
    const button = element("button", "", clip.name);
    button.type = "button";
    button.dir = "auto";
    button.addEventListener("click", () => open(number));
    const cell = element("td");
    cell.append(button);
    row.append(cell);
    if (judged) {
      const low = clip.worst !== null && clip.worst < LOW;
      row.append(element("td", low ? "value low" : "value", clip.worst === null ? "?" : clip.worst.toFixed(2)));
      row.append(element("td", "", [WORDS[clip.decision] || "", clip.comment].filter(Boolean).join(": ")));
    }
    row.append(element("td", "", clip.begun ? "begun" : ""));
    table.append(row);
  });
  place.replaceChildren(table);
}

// Buttons and comment of the open sequence.
export function showDecision(place, facts) {
  place.hidden = !("decision" in facts);
  for (const button of place.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.act === facts.decision));
  }
}

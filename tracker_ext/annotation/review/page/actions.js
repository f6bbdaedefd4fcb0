"use strict";
// What buttons and keys do. A key acts only where no text is being written.

// Without a pause this long (milliseconds) between keys, they are taken for a text that missed its field.
const DEAF = 1500;
let deafUntil = 0;

function save() {
  if (!kept) return;
  try { localStorage.setItem(KEY, store(review.made)); } catch { kept = false; notice(); }
}

function notice() {
  at("facts").append(element("strong", "", " This browser keeps nothing: download the decisions before you close the page."));
}

function decide(choice) {
  const sequence = subject();
  if (!sequence) return;
  const next = lookedBackAt ? shown[current] : shown[current + 1];
  lookedBackAt = null;
  const words = review.decide([sequence], choice);
  justDecided = sequence;
  save();
  say(words || `${isolated(sequence.name)} was ${WORDS[choice]} before`);
  refresh((next || sequence).name);
}

function takeBack() {
  const sequence = subject();
  if (!sequence) return;
  justDecided = lookedBackAt = null;
  const words = review.takeBack(sequence);
  save();
  const left = review.of(sequence).choice;
  say(left ? `${isolated(sequence.name)} is ${WORDS[left]} in OUT/decisions.csv already: decide otherwise to change that`
    : words || `${isolated(sequence.name)} is undecided`);
  refresh(sequence.name);
}

function undo() {
  const step = review.undo();
  const place = step && step.before.length === 1 ? step.before[0][0] : shown[current] && shown[current].name;
  justDecided = lookedBackAt = null;
  if (step) save();
  say(step ? `Taken back: ${step.words}` : "Nothing to take back");
  refresh(place);
}

// What "decide all that are shown" is about to touch.
function showBulk() {
  const words = describeFilter(filter());
  at("bulk-which").textContent = shown.length === sequences.length
    ? `No filter is set: these are all ${counted(shown.length, "sequence")}.`
    : `The ${counted(shown.length, "sequence")} that pass the filter (${words}).`;
  for (const button of document.querySelectorAll("[data-bulk]")) {
    const { changed } = review.foresee(shown, button.dataset.bulk);
    button.querySelector("span").textContent = changed.length.toLocaleString("en");
    button.disabled = !changed.length;
  }
}

const MOST_NAMES = 200;

function askBulk(choice) {
  const { changed, before } = review.foresee(shown, choice);
  if (!changed.length) return;
  const [verb, number] = [choice[0].toUpperCase() + choice.slice(1), counted(changed.length, "sequence")];
  const words = describeFilter(filter());
  at("bulk-title").textContent = `${verb} ${number}?`;
  at("bulk-words").textContent = [
    words ? `Filter: ${words}.` : "No filter is set.",
    before ? `So far ${before}.` : "",
    shown.length > changed.length ? `${shown.length - changed.length} more are ${WORDS[choice]} already.` : "",
  ].join(" ");
  const names = changed.slice(0, MOST_NAMES).map((sequence) => nameElement("li", sequence.name));
  if (changed.length > MOST_NAMES) names.push(element("li", "more", `and ${changed.length - MOST_NAMES} more`));
  at("bulk-names").replaceChildren(...names);
  at("bulk-do").textContent = `${verb} ${number}`;
  at("bulk-do").dataset.do = choice;
  at("bulk-ask").showModal();
}

function decideAll(choice) {
  justDecided = lookedBackAt = null;
  const words = review.decide(shown, choice);
  save();
  say(words);
  refresh(shown[current] && shown[current].name);
}

// Put the cursor into a field. Where that fails, the text that was meant for it must not act as keys.
function enter(field) {
  field.focus();
  if (document.activeElement === field) return true;
  deafUntil = performance.now() + DEAF;
  say("Nothing to write into here: keys rest until you stop typing");
  return false;
}

// After a decision the list goes on to the next sequence; a comment then belongs to the one just decided.
function startComment() {
  const sequence = subject();
  if (justDecided && !(sequence && review.of(sequence).choice)) lookedBackAt = justDecided;
  mark();
  detail();
  enter(at("comment"));
}

function comment() {
  const sequence = subject();
  if (!sequence) return;
  review.comment(sequence, at("comment").value);
  save();
  say(`Comment on ${isolated(sequence.name)} kept`);
  at("comment-waits").hidden = Boolean(review.of(sequence).choice) || !at("comment").value;
}

function toList() {
  const lookedBack = lookedBackAt !== null;
  if (lookedBack) justDecided = lookedBackAt = null;
  at("list").focus({ preventScroll: true });
  if (lookedBack) { mark(); detail(); }
}

function download() {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([exportCsv(sequences, review.made)], { type: "text/csv;charset=utf-8" }));
  link.download = "decisions.csv";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  const waiting = waitingComments(sequences, review.made);
  say(`decisions.csv with ${counted(sequences.length - counts(sequences, review.made).none, "decision")}` +
    (waiting ? `; ${counted(waiting, "comment")} left out: no decision yet` : ""));
}

const screenful = () => Math.max(1, Math.floor(at("list").clientHeight / ROW) - 1);
const MOVES = {
  j: () => go(current + 1), ArrowDown: () => go(current + 1),
  k: () => go(current - 1), ArrowUp: () => go(current - 1),
  PageDown: () => go(current + screenful()), PageUp: () => go(current - screenful()),
  Home: () => go(0), End: () => go(shown.length - 1),
};
const ACTS = {
  a: () => decide("accept"), r: () => decide("reject"), f: () => decide("flag"), u: takeBack, z: undo,
  c: startComment, e: download,
  "/": () => { if (enter(at("text"))) at("text").select(); },
  "?": () => at("help").showModal(),
};

function takesText(node) {
  return node instanceof Element && (node.closest("input, select, textarea") !== null || node.isContentEditable);
}

function onKey(event) {
  // An input method is at work: its keys are not for us, nor for leaving the field.
  if (event.isComposing || event.keyCode === 229 || document.querySelector("dialog[open]")) return;
  if (takesText(event.target) || takesText(document.activeElement)) {
    const field = event.target;
    if (event.key === "Escape" || (event.key === "Enter" && field.tagName === "INPUT" && field.type !== "number")) {
      field.blur();
      toList();
      event.preventDefault();
    }
    return;
  }
  if (performance.now() < deafUntil) {
    deafUntil = event.key === "Escape" ? 0 : performance.now() + DEAF;
    event.preventDefault();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key === "z") {
    event.preventDefault();
    if (!event.repeat) undo();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.getModifierState("AltGraph")) return;
  const action = MOVES[event.key] || ACTS[event.key];
  if (!action) return;
  event.preventDefault();
  // A key that is held down may move through the list, but decides once.
  if (!event.repeat || MOVES[event.key]) action();
}

document.addEventListener("keydown", onKey);

let waiting = false;
at("list").addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
});
addEventListener("resize", draw);
function filtered(keepName) {
  justDecided = lookedBackAt = null;
  refresh(keepName);
}
at("filters").addEventListener("input", () => { current = 0; filtered(); });
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("filters").addEventListener("reset", () => setTimeout(() => filtered(shown[current] && shown[current].name)));
at("comment").addEventListener("input", comment);
at("comment").addEventListener("blur", () => review.leave());
at("export").addEventListener("click", download);
at("undo").addEventListener("click", undo);
at("help-open").addEventListener("click", () => at("help").showModal());
for (const button of document.querySelectorAll("[data-choice]")) {
  button.addEventListener("click", () => decide(button.dataset.choice));
}
for (const button of document.querySelectorAll("[data-bulk]")) {
  button.addEventListener("click", () => askBulk(button.dataset.bulk));
}
at("bulk-do").addEventListener("click", () => decideAll(at("bulk-do").dataset.do));
// The same job in another tab: both show and keep the same.
addEventListener("storage", (event) => {
  if (event.key !== KEY && event.key !== null) return;
  review.made = restore(event.newValue);
  refresh(shown[current] && shown[current].name);
});
addEventListener("beforeunload", (event) => { if (!kept && review.made.size) event.preventDefault(); });

document.title = `${data.job.name}: masks to review`;
at("job").textContent = data.job.name;
at("facts").textContent = data.job.facts;
if (!kept) notice();
refresh();
at("list").focus({ preventScroll: true });
document.documentElement.dataset.ready = performance.now().toFixed(0);

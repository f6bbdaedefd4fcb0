"use strict";
// The page itself. Only the rows in sight exist, so ten thousand sequences cost no more than ten.

const ROW = 68;
const OVERSCAN = 6;
const SVG = "http://www.w3.org/2000/svg";

const at = (id) => document.getElementById(id);
const data = JSON.parse(at("data").textContent);
const sequences = unpack(data);
const KEY = "box2mask-decisions:" + data.job.id;
let kept = true;
const review = new Review(readStorage());
let shown = [];
let current = 0;
// The sequence that was decided last, for a comment that comes after its decision ...
let justDecided = null;
// ... and is on the right while the comment is written, though the list has gone on to the next.
let lookedBackAt = null;
const rows = new Map();

function readStorage() {
  try { return localStorage.getItem(KEY); } catch { kept = false; return null; }
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function svg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function say(text) {
  at("live").textContent = text;
  const step = review.steps.at(-1);
  at("undo").disabled = !step;
  at("undo").title = step ? `Take back: ${step.words}` : "Nothing to take back";
}

// The sequence that decisions and comments are about.
function subject() {
  return lookedBackAt || shown[current];
}

function filter() {
  const number = (id, fallback) => { const value = at(id).valueAsNumber; return Number.isNaN(value) ? fallback : value; };
  return {
    text: at("text").value,
    confidence: [number("confidence-from", 0), number("confidence-to", 1)],
    tightness: [number("tightness-from", 0), number("tightness-to", 1)],
    decision: at("decision").value,
    order: at("order").value,
  };
}

function refresh(keepName) {
  shown = select(sequences, review.made, filter());
  const place = keepName === undefined ? -1 : shown.findIndex((s) => s.name === keepName);
  current = place >= 0 ? place : Math.max(0, Math.min(current, shown.length - 1));
  for (const row of rows.values()) row.remove();
  rows.clear();
  at("rows").style.height = shown.length * ROW + "px";
  at("nothing").hidden = shown.length > 0;
  at("shown").textContent = shown.length === sequences.length
    ? `${sequences.length} sequences` : `${shown.length} of ${sequences.length} sequences`;
  showBulk();
  drawHistogram();
  progress();
  reveal();
  draw();
  detail();
}

function drawHistogram() {
  const box = at("histogram");
  const bars = histogram(sequences.map((s) => s.confidence), 20);
  const most = Math.max(...bars, 1);
  const range = filter().confidence;
  box.replaceChildren(...bars.map((count, place) => {
    const height = count ? Math.max(1.5, (count / most) * 24) : 0;
    const inside = (place + 1) / 20 > range[0] && place / 20 <= range[1];
    const level = (place + 0.5) / 20 < LOW_CONFIDENCE ? "in low" : "in";
    return svg("rect", { x: place * 5 + 0.4, y: 24 - height, width: 4.2, height, class: inside ? level : "out" });
  }));
}

function progress() {
  const count = counts(sequences, review.made);
  const decided = sequences.length - count.none;
  const text = element("span", "", `${decided} of ${sequences.length} decided`);
  const bar = element("div", "bar");
  for (const choice of ["accept", "flag", "reject"]) {
    const piece = element("i", choice);
    piece.style.width = (100 * count[choice]) / Math.max(sequences.length, 1) + "%";
    bar.append(piece);
  }
  const parts = element("span", "parts");
  for (const choice of CHOICES) parts.append(element("b", choice, String(count[choice])), ` ${WORDS[choice]} `);
  at("progress").replaceChildren(text, bar, parts);
}

function draw() {
  const list = at("list");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - OVERSCAN);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + OVERSCAN);
  for (const [place, row] of rows) {
    if (place < first || place >= last) { row.remove(); rows.delete(place); }
  }
  for (let place = first; place < last; place += 1) {
    if (!rows.has(place)) {
      const row = makeRow(shown[place], place);
      rows.set(place, row);
      at("rows").append(row);
    }
  }
  mark();
}

function mark() {
  for (const [place, row] of rows) row.setAttribute("aria-selected", String(shown[place] === subject()));
  if (rows.has(current)) at("list").setAttribute("aria-activedescendant", rows.get(current).id);
  else at("list").removeAttribute("aria-activedescendant");
}

function makeRow(sequence, place) {
  const row = element("div", "row");
  row.id = "row-" + sequence.number;
  row.style.transform = `translateY(${place * ROW}px)`;
  row.setAttribute("role", "option");
  row.setAttribute("aria-setsize", String(shown.length));
  row.setAttribute("aria-posinset", String(place + 1));
  const choice = review.of(sequence).choice || "none";
  const confidence = confidenceLevel(sequence.confidence);
  const worst = confidenceLevel(sequence.worst);
  row.setAttribute("aria-label", `${sequence.name}, confidence ${percent(sequence.confidence)} ${confidence.word}, ` +
    `worst fifth ${percent(sequence.worst)} ${worst.word}, tightness ${percent(sequence.tightness)}, ${WORDS[choice]}`);
  const thumb = element("span", "thumb");
  if (sequence.pictures.length) {
    const image = element("img");
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = "";
    image.src = pictureUrl(sequence, sequence.pictures[0][0]);
    thumb.append(image);
  }
  const names = element("span", "names");
  names.append(nameElement("b", sequence.name));
  const notes = element("small", "", `${sequence.frames} frames` +
    (sequence.objects > 1 ? `, ${sequence.objects} objects` : ""));
  if (sequence.empty) notes.append(element("em", "", `${sequence.empty} empty`));
  if (sequence.jump !== null && sequence.jump >= 1) notes.append(element("em", "", `area jump ${sequence.jump.toFixed(1)}`));
  if (sequence.parts > 2) notes.append(element("em", "", `${sequence.parts} parts`));
  names.append(notes);
  row.append(thumb, names, spark(sequence.spark, 150, 36), measure(sequence.confidence, confidence),
    measure(sequence.worst, worst), measure(sequence.tightness, tightnessLevel(sequence)),
    element("span", "chip " + choice, WORDS[choice]));
  row.addEventListener("click", () => { go(place); at("list").focus({ preventScroll: true }); });
  return row;
}

function spark(values, width, height) {
  const box = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "spark", preserveAspectRatio: "none", "aria-hidden": "true" });
  const line = height - 1 - LOW_CONFIDENCE * (height - 2);
  box.append(svg("line", { x1: 0, x2: width, y1: line, y2: line }));
  box.append(svg("path", { d: sparkPath(values, width, height) }));
  return box;
}

function measure(value, level) {
  const cell = element("span", "measure " + level.css, percent(value));
  cell.append(element("small", "", level.word));
  cell.style.setProperty("--part", String(known(value)));
  return cell;
}

// A name is shown as it is, in its own direction, and leaves that of its neighbours alone.
function nameElement(tag, name) {
  const node = element(tag, "", name);
  node.dir = "auto";
  node.title = name;
  return node;
}

function go(place) {
  if (!shown.length) return;
  current = Math.max(0, Math.min(place, shown.length - 1));
  justDecided = lookedBackAt = null;
  reveal();
  draw();
  detail();
}

function reveal() {
  const list = at("list");
  const top = current * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
}

function detail() {
  const sequence = subject();
  at("detail").classList.toggle("none", !sequence);
  at("looked-back").hidden = !lookedBackAt;
  if (!sequence) { at("name").textContent = ""; at("pictures").replaceChildren(); at("numbers").replaceChildren(); return; }
  const decision = review.of(sequence);
  at("name").textContent = sequence.name;
  for (const button of document.querySelectorAll("[data-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.choice === decision.choice));
  }
  const text = decision.comment || "";
  if (at("comment").value !== text) at("comment").value = text;
  at("comment").disabled = false;
  at("comment").placeholder = "why   c";
  at("comment-waits").hidden = Boolean(decision.choice) || !text;
  at("chart").replaceChildren(element("span", "", "1"), spark(sequence.spark, 360, 60), element("span", "", "0"),
    element("small", "", `least confidence, frame 1 to ${sequence.frames}; the line is at ${LOW_CONFIDENCE}`));
  at("pictures").replaceChildren(...sequence.pictures.map(([file, caption, confidence]) => {
    const figure = element("figure");
    const image = element("img");
    image.src = pictureUrl(sequence, file);
    image.alt = `Masks of ${sequence.name}, frame ${caption}`;
    image.decoding = "async";
    const level = confidenceLevel(confidence);
    figure.append(image, element("figcaption", level.css, `${caption}, confidence ${percent(confidence)} ${level.word}`));
    return figure;
  }));
  const judged = (value) => [percent(value), confidenceLevel(value)];
  const facts = [
    ["mean confidence", ...judged(sequence.confidence)], ["worst fifth", ...judged(sequence.worst)],
    ["least", ...judged(sequence.least)], ["mean tightness", percent(sequence.tightness), tightnessLevel(sequence)],
    ["empty masks", sequence.empty], ["largest area jump", sequence.jump === null ? "?" : sequence.jump.toFixed(2)],
    ["most parts", sequence.parts], ["masks at the border", sequence.border],
  ];
  at("numbers").replaceChildren(...facts.flatMap(([name, value, level = { css: "", word: "" }]) =>
    [element("dt", "", name), element("dd", level.css, `${value} ${level.word}`.trim())]));
}

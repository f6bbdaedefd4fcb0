"use strict";
// The page itself. Only the rows in sight exist, so ten thousand sequences cost no more than ten.

const ROW = 68;
const OVERSCAN = 6;
const SVG = "http://www.w3.org/2000/svg";
const WORDS = { accept: "accepted", reject: "rejected", flag: "flagged", none: "undecided" };

const at = (id) => document.getElementById(id);
const data = JSON.parse(at("data").textContent);
const sequences = unpack(data);
const KEY = "box2mask-decisions:" + data.job.id;
let made = new Map();
let kept = true;
try { made = restore(localStorage.getItem(KEY)); } catch { kept = false; }
let shown = [];
let current = 0;
const rows = new Map();

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
  shown = select(sequences, made, filter());
  const place = keepName === undefined ? -1 : shown.findIndex((s) => s.name === keepName);
  current = place >= 0 ? place : Math.max(0, Math.min(current, shown.length - 1));
  for (const row of rows.values()) row.remove();
  rows.clear();
  at("rows").style.height = shown.length * ROW + "px";
  at("nothing").hidden = shown.length > 0;
  at("shown").textContent = shown.length === sequences.length
    ? `${sequences.length} sequences` : `${shown.length} of ${sequences.length} sequences`;
  at("bulk-count").textContent = String(shown.length);
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
    return svg("rect", { x: place * 5 + 0.4, y: 24 - height, width: 4.2, height, class: inside ? "in" : "out" });
  }));
}

function progress() {
  const count = counts(sequences, made);
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
  for (const [place, row] of rows) row.setAttribute("aria-selected", String(place === current));
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
  const choice = decisionOf(sequence, made).choice || "none";
  row.setAttribute("aria-label", `${sequence.name}, confidence ${percent(sequence.confidence)}, worst fifth ` +
    `${percent(sequence.worst)}, tightness ${percent(sequence.tightness)}, ${WORDS[choice]}`);
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
  names.append(element("b", "", sequence.name));
  const notes = element("small", "", `${sequence.frames} frames` +
    (sequence.objects > 1 ? `, ${sequence.objects} objects` : ""));
  if (sequence.empty) notes.append(element("em", "", `${sequence.empty} empty`));
  if (sequence.jump !== null && sequence.jump >= 1) notes.append(element("em", "", `area jump ${sequence.jump.toFixed(1)}`));
  if (sequence.parts > 2) notes.append(element("em", "", `${sequence.parts} parts`));
  names.append(notes);
  row.append(thumb, names, spark(sequence.spark, 150, 36), measure(sequence.confidence), measure(sequence.worst),
    measure(sequence.tightness), element("span", "chip " + choice, WORDS[choice]));
  row.addEventListener("click", () => { go(place); at("list").focus({ preventScroll: true }); });
  return row;
}

function spark(values, width, height) {
  const box = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "spark", preserveAspectRatio: "none", "aria-hidden": "true" });
  box.append(svg("line", { x1: 0, x2: width, y1: height / 2, y2: height / 2 }));
  box.append(svg("path", { d: sparkPath(values, width, height) }));
  return box;
}

function measure(value) {
  const level = known(value) >= 0.75 ? " high" : known(value) >= 0.5 ? " middling" : "";
  const cell = element("span", "measure" + level, percent(value));
  cell.style.setProperty("--part", String(known(value)));
  return cell;
}

function go(place) {
  if (!shown.length) return;
  current = Math.max(0, Math.min(place, shown.length - 1));
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
  const sequence = shown[current];
  at("detail").classList.toggle("none", !sequence);
  if (!sequence) { at("name").textContent = ""; at("pictures").replaceChildren(); at("numbers").replaceChildren(); return; }
  const decision = decisionOf(sequence, made);
  at("name").textContent = sequence.name;
  for (const button of document.querySelectorAll("[data-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.choice === decision.choice));
  }
  at("comment").value = decision.comment || "";
  at("comment").disabled = !decision.choice;
  at("comment").placeholder = decision.choice ? "why   c" : "decide first";
  at("chart").replaceChildren(element("span", "", "1"), spark(sequence.spark, 360, 60), element("span", "", "0"),
    element("small", "", `least confidence, frame 1 to ${sequence.frames}`));
  at("pictures").replaceChildren(...sequence.pictures.map(([file, caption, confidence]) => {
    const figure = element("figure");
    const image = element("img");
    image.src = pictureUrl(sequence, file);
    image.alt = `Masks of ${sequence.name}, frame ${caption}`;
    image.decoding = "async";
    figure.append(image, element("figcaption", "", `${caption}, confidence ${percent(confidence)}`));
    return figure;
  }));
  const facts = [
    ["mean confidence", percent(sequence.confidence)], ["worst fifth", percent(sequence.worst)],
    ["least", percent(sequence.least)], ["mean tightness", percent(sequence.tightness)],
    ["empty masks", sequence.empty], ["largest area jump", sequence.jump === null ? "?" : sequence.jump.toFixed(2)],
    ["most parts", sequence.parts], ["masks at the border", sequence.border],
  ];
  at("numbers").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", String(value))]));
}

function save() {
  if (!kept) return;
  try { localStorage.setItem(KEY, store(made)); } catch { kept = false; notice(); }
}

function notice() {
  at("facts").append(element("strong", "", " This browser keeps nothing: download the decisions before you close the page."));
}

function decide(choice) {
  const sequence = shown[current];
  if (!sequence) return;
  const before = decisionOf(sequence, made);
  if (choice === "") made.delete(sequence.name);
  else made.set(sequence.name, { choice, comment: before.comment || "" });
  save();
  say(`${sequence.name} ${WORDS[decisionOf(sequence, made).choice || "none"]}`);
  const next = choice === "" ? sequence : shown[current + 1];
  refresh(next ? next.name : sequence.name);
}

function decideAll(choice) {
  if (!shown.length || !confirm(`${shown.length} sequences: ${choice} all of them?`)) return;
  for (const sequence of shown) made.set(sequence.name, { choice, comment: decisionOf(sequence, made).comment || "" });
  save();
  say(`${shown.length} sequences ${WORDS[choice]}`);
  refresh();
}

function comment() {
  const sequence = shown[current];
  const decision = sequence && decisionOf(sequence, made);
  if (!decision || !decision.choice) return;
  made.set(sequence.name, { choice: decision.choice, comment: at("comment").value });
  save();
}

function download() {
  const text = exportCsv(sequences, made);
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = "decisions.csv";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say(`decisions.csv with ${sequences.length - counts(sequences, made).none} decisions`);
}

const KEYS = {
  j: () => go(current + 1), ArrowDown: () => go(current + 1),
  k: () => go(current - 1), ArrowUp: () => go(current - 1),
  PageDown: () => go(current + Math.max(1, Math.floor(at("list").clientHeight / ROW) - 1)),
  PageUp: () => go(current - Math.max(1, Math.floor(at("list").clientHeight / ROW) - 1)),
  Home: () => go(0), End: () => go(shown.length - 1),
  a: () => decide("accept"), r: () => decide("reject"), f: () => decide("flag"), u: () => decide(""),
  c: () => at("comment").focus(), e: download,
  "/": () => { at("text").focus(); at("text").select(); },
  "?": () => at("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || at("help").open) return;
  const field = event.target.closest("input, select, textarea");
  if (field) {
    if (event.key === "Escape" || (event.key === "Enter" && field.type !== "number")) {
      field.blur();
      at("list").focus();
      event.preventDefault();
    }
    return;
  }
  const action = KEYS[event.key];
  if (action) { event.preventDefault(); action(); }
});

let waiting = false;
at("list").addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
});
addEventListener("resize", draw);
at("filters").addEventListener("input", () => { current = 0; refresh(); });
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("filters").addEventListener("reset", () => setTimeout(() => refresh(shown[current] && shown[current].name)));
at("comment").addEventListener("input", comment);
at("export").addEventListener("click", download);
at("help-open").addEventListener("click", () => at("help").showModal());
for (const button of document.querySelectorAll("[data-choice]")) {
  button.addEventListener("click", () => decide(button.dataset.choice));
}
for (const button of document.querySelectorAll("[data-bulk]")) {
  button.addEventListener("click", () => decideAll(button.dataset.bulk));
}

document.title = `${data.job.name}: masks to review`;
at("job").textContent = data.job.name;
at("facts").textContent = data.job.facts;
if (!kept) notice();
refresh();
at("list").focus({ preventScroll: true });
document.documentElement.dataset.ready = performance.now().toFixed(0);

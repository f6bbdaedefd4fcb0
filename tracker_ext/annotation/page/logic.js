"use strict";
// What the page does without a page: unpack, filter, order, decide, export. No DOM here.

const CHOICES = ["accept", "reject", "flag"];

// One object per sequence; its fields are named by `data.fields`.
function unpack(data) {
  return data.sequences.map((row, number) => {
    const sequence = { number, lower: "" };
    data.fields.forEach((field, place) => { sequence[field] = row[place]; });
    sequence.lower = sequence.name.toLowerCase();
    return sequence;
  });
}

// A measure that is not known counts as the worst.
function known(value) {
  return value === null ? 0 : value;
}

// Decisions in force: those made here go before those that were applied when the page was written.
function decisionOf(sequence, made) {
  const here = made.get(sequence.name);
  return here || { choice: sequence.decision, comment: sequence.comment };
}

function within(value, range) {
  return known(value) >= range[0] && known(value) <= range[1];
}

function select(sequences, made, filter) {
  const text = filter.text.trim().toLowerCase();
  const found = sequences.filter((s) =>
    (text === "" || s.lower.includes(text)) &&
    within(s.confidence, filter.confidence) &&
    within(s.tightness, filter.tightness) &&
    (filter.decision === "all" || (decisionOf(s, made).choice || "none") === filter.decision));
  return found.sort(ORDERS[filter.order]);
}

function byName(a, b) {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function ascending(field) {
  return (a, b) => known(a[field]) - known(b[field]) || byName(a, b);
}

function descending(field) {
  return (a, b) => known(b[field]) - known(a[field]) || byName(a, b);
}

const ORDERS = {
  worst: ascending("worst"),
  confidence: ascending("confidence"),
  tightness: ascending("tightness"),
  empty: descending("empty"),
  jump: descending("jump"),
  parts: descending("parts"),
  name: byName,
};

function counts(sequences, made) {
  const count = { accept: 0, reject: 0, flag: 0, none: 0 };
  for (const sequence of sequences) count[decisionOf(sequence, made).choice || "none"] += 1;
  return count;
}

function csvCell(text) {
  return /[",\r\n]|^\s|\s$/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

// decisions.csv, in the order of the data set; undecided sequences are left out.
function exportCsv(sequences, made) {
  const lines = ["sequence,decision,comment"];
  for (const sequence of sequences) {
    const decision = decisionOf(sequence, made);
    if (CHOICES.includes(decision.choice)) {
      lines.push([sequence.name, decision.choice, decision.comment || ""].map(csvCell).join(","));
    }
  }
  return lines.join("\n") + "\n";
}

// What the browser kept; what does not fit is dropped.
function restore(text) {
  const made = new Map();
  let stored = null;
  try { stored = JSON.parse(text || "[]"); } catch { return made; }
  for (const entry of Array.isArray(stored) ? stored : []) {
    if (Array.isArray(entry) && typeof entry[0] === "string" && (CHOICES.includes(entry[1]) || entry[1] === "")) {
      made.set(entry[0], { choice: entry[1], comment: String(entry[2] || "") });
    }
  }
  return made;
}

function store(made) {
  return JSON.stringify([...made].map(([name, decision]) => [name, decision.choice, decision.comment]));
}

function histogram(values, bins) {
  const count = new Array(bins).fill(0);
  for (const value of values) count[Math.min(bins - 1, Math.floor(known(value) * bins))] += 1;
  return count;
}

// SVG path of percentages over a box; -1 is a gap. A lone point becomes a short stroke.
function sparkPath(values, width, height) {
  const step = width / Math.max(values.length, 1);
  let path = "";
  let down = false;
  values.forEach((value, place) => {
    if (value < 0) { down = false; return; }
    const y = (height - 1 - (value / 100) * (height - 2)).toFixed(1);
    path += (down ? "L" : "M") + ((place + (down ? 0.5 : 0)) * step).toFixed(1) + " " + y;
    if (!down) path += "L" + ((place + 0.5) * step).toFixed(1) + " " + y;
    if (place + 1 === values.length || values[place + 1] < 0) path += "L" + ((place + 1) * step).toFixed(1) + " " + y;
    down = true;
  });
  return path;
}

function pictureUrl(sequence, file) {
  return ["preview", ...sequence.folder.split("/"), file].map(encodeURIComponent).join("/");
}

function percent(value) {
  return value === null ? "?" : value.toFixed(2);
}

if (typeof module !== "undefined") {
  module.exports = {
    unpack, select, counts, exportCsv, restore, store, histogram, sparkPath, pictureUrl, csvCell, decisionOf, percent,
  };
}

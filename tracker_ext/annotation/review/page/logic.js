"use strict";
// What the page does without a page: unpack, filter, order, judge, draw curves. No DOM here.

const CHOICES = ["accept", "reject", "flag"];
const WORDS = { accept: "accepted", reject: "rejected", flag: "flagged", none: "undecided" };
// docs/trust.md: a mask below 0.7 deserves a look; from 0.8 on the true J of real clips is about what is claimed.
const LOW_CONFIDENCE = 0.7;
const GOOD_CONFIDENCE = 0.8;

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

// Comments that no decision takes along into decisions.csv.
function waitingComments(sequences, made) {
  return sequences.filter((s) => { const { choice, comment } = decisionOf(s, made); return !choice && comment; }).length;
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

// { css, word } of a confidence: a colour never stands without its word. An unknown one is to be looked at, too.
function confidenceLevel(value) {
  if (value === null) return { css: "unknown", word: "unknown" };
  if (value < LOW_CONFIDENCE) return { css: "low", word: "low" };
  return value < GOOD_CONFIDENCE ? { css: "fair", word: "fair" } : { css: "good", word: "good" };
}

// A tight box around a bad mask is no good sign: tightness has a colour only beside masks that can be trusted.
function tightnessLevel(sequence) {
  const value = sequence.tightness;
  if (value === null || known(sequence.confidence) < LOW_CONFIDENCE) return { css: "", word: "" };
  if (value < 0.5) return { css: "low", word: "loose" };
  if (value < 0.75) return { css: "fair", word: "fair" };
  return known(sequence.worst) < LOW_CONFIDENCE ? { css: "", word: "" } : { css: "good", word: "tight" };
}

// The filter in words; "" where it lets everything pass.
function describeFilter(filter) {
  const range = (name, [from, to]) => (from > 0 || to < 1 ? [`${name} ${from} to ${to}`] : []);
  const text = filter.text.trim();
  return [
    ...(text ? [`name contains \u201c${isolated(text)}\u201d`] : []),
    ...range("confidence", filter.confidence), ...range("tightness", filter.tightness),
    ...(filter.decision === "all" ? [] : [WORDS[filter.decision]]),
  ].join(", ");
}

// A name inside a sentence: one that is written from right to left does not turn the sentence around.
function isolated(name) {
  return "\u2068" + name + "\u2069";
}

function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
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

// Two decimals; what is just below the line does not look as if it were on it.
function percent(value) {
  if (value === null) return "?";
  const text = value.toFixed(2);
  return value < LOW_CONFIDENCE && Number(text) >= LOW_CONFIDENCE ? "<" + text : text;
}

if (typeof module !== "undefined") {
  module.exports = {
    CHOICES, WORDS, unpack, select, counts, exportCsv, waitingComments, restore, store, csvCell, decisionOf,
    confidenceLevel, tightnessLevel, describeFilter, isolated, counted, histogram, sparkPath, pictureUrl, percent,
  };
}

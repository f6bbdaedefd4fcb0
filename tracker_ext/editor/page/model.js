// What the page knows of a clip, and what can be said about it. Pure: no DOM, no network.

export const LOW = 0.7; // docs/trust.md: a mask below deserves a look

export function newModel(facts) {
  return { facts, tick: 0, live: false, objects: [], undo: null, redo: null, unreadable: [], masks: new Map(),
    work: { state: "idle", left: 0, error: "", done: "", rate: null } };
}

// Take over what the server tells; returns the frames whose masks are new.
export function update(model, news) {
  model.tick = news.tick;
  model.live = news.live;
  model.work = news.work;
  if (news.document) Object.assign(model, news.document);
  for (const [frame, tick, confidence] of news.masks) model.masks.set(frame, { tick, confidence });
  return news.masks.map(([frame]) => frame);
}

export function objectOf(model, id) {
  return model.objects.find((object) => object.id === id) || null;
}

// What is known of an object on a frame: kind, and its box if there is one.
export function stateAt(model, id, frame) {
  const object = objectOf(model, id);
  if (!object) return { kind: "none", box: null };
  const mark = object.marks[frame];
  if (mark) return { kind: mark.kind, box: mark.box || null };
  if (object.between[frame]) return { kind: "between", box: object.between[frame] };
  if (object.tracked.some(([first, end]) => frame >= first && frame < end)) return { kind: "tracked", box: null };
  return { kind: "none", box: null };
}

export function confidenceAt(model, id, frame) {
  const known = model.masks.get(frame);
  const value = known && known.confidence[id];
  return value === undefined ? null : value; // null: no number, though there may be a mask
}

export function hasMask(model, id, frame) {
  const known = model.masks.get(frame);
  return Boolean(known && id in known.confidence);
}

const KINDS = {
  box: "you drew a box", painted: "you painted the mask", absent: "you said: not here",
  between: "box worked out from those before and after", tracked: "followed by the tracker", none: "no box",
};

export function describe(model, id, frame) {
  if (model.unreadable.includes(frame)) return "this frame is damaged and has no mask";
  const object = objectOf(model, id);
  if (!object) return "";
  const { kind } = stateAt(model, id, frame);
  const words = object.marks[frame] && object.marks[frame].found ? "mask as it was found" : KINDS[kind];
  const value = confidenceAt(model, id, frame);
  const sure = value === null ? "" : `, confidence ${value.toFixed(2)}${value < LOW ? " (low)" : ""}`;
  return `${object.name}: ${words}${sure}`;
}

// The frame where an object (or, for null, any) is least sure; null if there is none with a number.
export function worstFrame(model, id, besides = -1) {
  let best = null, least = Infinity;
  for (const [frame, { confidence }] of model.masks) {
    for (const [object, value] of Object.entries(confidence)) {
      if (value === null || frame === besides || (id !== null && Number(object) !== id)) continue;
      if (value < least || (value === least && frame < best)) [best, least] = [frame, value];
    }
  }
  return best;
}

// Doubtful frames, the worst first: those that a person should look at.
export function doubtful(model) {
  const least = new Map();
  for (const [frame, { confidence }] of model.masks) {
    const values = Object.values(confidence).filter((value) => value !== null);
    if (values.length && Math.min(...values) < LOW) least.set(frame, Math.min(...values));
  }
  return [...least.entries()].sort((a, b) => a[1] - b[1] || a[0] - b[0]).map(([frame]) => frame);
}

export function seconds(count) {
  if (count < 90) return `${Math.max(1, Math.round(count))} s`;
  return count < 5400 ? `${Math.round(count / 60)} min` : `${(count / 3600).toFixed(1)} h`;
}

function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

// The one sentence that says what to do now, or what is going on.
export function hint(model, selected) {
  const { work, objects, facts } = model;
  if (work.error) return `That did not work: ${work.error} Press Make masks to try again.`;
  if (!model.live && (work.state === "making" || work.state === "following")) return "Stopping after the mask in hand ...";
  if (!objects.length) return "Drag a box around the thing you want, on any frame; then press Make masks.";
  if (work.state === "loading") return "Loading the network, some seconds ...";
  if (work.state === "film") return `Writing the film (overlay.mp4): ${counted(work.left, "frame")} to go.`;
  if (work.state === "making" || work.state === "following") {
    const rest = work.rate ? `, about ${seconds(work.left / work.rate)}` : "";
    const what = work.state === "making" ? "Making masks" : "Following";
    return `${what}: ${work.left} to go${rest}. You can go on drawing meanwhile.`;
  }
  if (work.state === "export") return "Writing the files for other programs ...";
  if (selected === null) return "Drag a box around the new object.";
  const object = objectOf(model, selected) || objects[0];
  const marks = Object.entries(object.marks);
  if (!marks.some(([, mark]) => mark.kind !== "absent")) return `Drag a box around ${object.name}, on any frame.`;
  if (!model.live) {
    return "Press Make masks. Draw more boxes before or after: between two boxes of an object at most " +
      `${facts.maxGap} frames apart all frames get masks.`;
  }
  const empty = missing(model, object);
  if (empty > 0) {
    return `${object.name} has no mask on ${counted(empty, "frame")}: draw its box there, or go to its last box and ` +
      "press Follow, or say Not here.";
  }
  const bad = doubtful(model);
  if (bad.length) {
    return `${counted(bad.length, "frame")} ${bad.length === 1 ? "looks" : "look"} doubtful: press Worst frame, then draw ` +
      "a tighter box, paint, or say Not here.";
  }
  if ("decision" in facts) {
    return "Accept, reject or flag this sequence. What you correct goes into the data set with Save, or when you close it.";
  }
  if (work.done) return `Done. ${work.done}`;
  return `Done: every frame has its mask, in ${facts.out}. Play it to see whether it is right.`;
}

// Frames of an object without a mask on which it was not said to be absent.
export function missing(model, object) {
  let count = 0;
  for (let frame = 0; frame < model.facts.frames; frame += 1) {
    if (stateAt(model, object.id, frame).kind === "none" && !model.unreadable.includes(frame)) count += 1;
  }
  return count;
}

// The last frame of "not here from this frame on": up to the next frame that something was said about.
export function lastOfAbsence(model, id, frame) {
  const object = objectOf(model, id);
  const later = Object.keys(object ? object.marks : {}).map(Number).filter((at) => at > frame);
  return later.length ? Math.min(...later) - 1 : model.facts.frames - 1;
}

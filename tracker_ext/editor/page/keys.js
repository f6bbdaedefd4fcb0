// Which key does what. Pure but for the table in the help.

// Heading of the help -> [keys, what, in words]; "Shift+" and the like belong to the key's name.
export const GROUPS = {
  "Frames": [
    [[" "], "play", "play, pause"],
    [["ArrowRight", "."], "after", "next frame"],
    [["ArrowLeft", ","], "before", "frame before"],
    [["Shift+ArrowRight", "PageDown"], "after10", "10 frames on"],
    [["Shift+ArrowLeft", "PageUp"], "before10", "10 frames back"],
    [["Home"], "first", "first frame"],
    [["End"], "last", "last frame"],
    [["j"], "next-mark", "next frame that something was said about"],
    [["k"], "mark-before", "the one before"],
    [["w"], "worst", "frame with the lowest confidence; again: the next worse one"],
  ],
  "Boxes and masks": [
    [["b"], "tool-box", "box: drag a new one, or its edges"],
    [["p"], "tool-paint", "paint the mask (with Shift: erase)"],
    [["e"], "tool-erase", "erase from the mask (with Shift: paint)"],
    [["[", "-"], "smaller", "smaller brush"],
    [["]", "="], "larger", "larger brush"],
    [["i"], "draw-box", "box in the middle of the picture, without a mouse"],
    [["Alt+ArrowLeft"], "box-left", "move the box left (with Shift: make it narrower)"],
    [["Alt+ArrowRight"], "box-right", "move the box right (with Shift: make it wider)"],
    [["Alt+ArrowUp"], "box-up", "move the box up (with Shift: make it lower)"],
    [["Alt+ArrowDown"], "box-down", "move the box down (with Shift: make it higher)"],
    [["Alt+Shift+ArrowLeft"], "box-narrower", ""],
    [["Alt+Shift+ArrowRight"], "box-wider", ""],
    [["Alt+Shift+ArrowUp"], "box-lower", ""],
    [["Alt+Shift+ArrowDown"], "box-higher", ""],
    [["a"], "absent", "the object is not here"],
    [["Shift+A"], "absent-on", "... nor on the frames up to the next one that something was said about"],
    [["Delete", "Backspace"], "clear", "take back what was said about this frame"],
    [["f"], "follow", "follow the object from this frame on, or no more"],
  ],
  "Objects": [
    [["n"], "new", "new object"],
    [["Tab"], "next-object", "next object"],
    [["r"], "rename", "give the object a name"],
  ],
  "View": [
    [["h"], "masks", "masks on, off"],
    [["x"], "boxes", "boxes on, off"],
    [["m"], "tool-move", "move the picture (also: drag with Alt, or with another mouse button)"],
    [["+", "Shift++"], "zoom-in", "larger"],
    [["_", "Shift+_"], "zoom-out", "smaller"],
    [["0"], "fit", "whole frame"],
  ],
  "The whole": [
    [["Enter"], "run", "make masks, or pause"],
    [["c"], "stop", "cancel what is being made"],
    [["z", "Ctrl+z", "Meta+z"], "undo", "undo"],
    [["Shift+Z", "Ctrl+y", "Ctrl+Shift+Z", "Meta+Shift+Z"], "redo", "do again"],
    [["1"], "accept", "accept the sequence of a data set; again: undecided"],
    [["2"], "reject", "reject it"],
    [["3"], "flag", "flag it"],
    [["s"], "save", "put what was corrected into the data set"],
    [["o"], "export", "export the masks for other programs"],
    [["ArrowDown"], "row-down", "in the list of all clips: down (or j)"],
    [["ArrowUp"], "row-up", "up (or k); there 1, 2, 3 decide about the row"],
    [["Escape"], "list", "list of all clips"],
    [["?", "Shift+?"], "help", "this help"],
  ],
};
export const KEYS = Object.values(GROUPS).flat();

const BY_KEY = new Map(KEYS.flatMap(([keys, what]) => keys.map((key) => [key, what])));
const NAMES = { " ": "Space", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Delete: "Del", PageDown: "PgDn", PageUp: "PgUp" };

export function nameOf(event) {
  const parts = [event.ctrlKey && "Ctrl", event.metaKey && "Meta", event.altKey && "Alt", event.shiftKey && "Shift"];
  return [...parts.filter(Boolean), event.key].join("+");
}

export function actionOf(event) {
  return BY_KEY.get(nameOf(event)) || null;
}

export function shown(key) {
  return key.split("+").map((part) => NAMES[part] || part).join("+");
}

// Whether a key belongs to what has the focus: a text field, a slider, a button.
export function isTaken(target, event) {
  const { tagName, type } = target;
  if (tagName === "INPUT" && type === "range") return event.key.startsWith("Arrow") && !event.altKey;
  if (tagName === "INPUT" && type === "checkbox") return event.key === " ";
  if (tagName === "BUTTON") return event.key === "Enter" || event.key === " " || event.key === "Tab";
  return ["INPUT", "TEXTAREA", "SELECT"].includes(tagName);
}

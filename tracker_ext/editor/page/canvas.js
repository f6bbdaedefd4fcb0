// The stage: the frame, its masks and boxes; dragging boxes, brushing, zooming.

import { Kept, labels as fetchLabels, picture as fetchPicture } from "./net.js";
import { hasMask, objectOf, stateAt } from "./model.js";
import { colours, css, maskOf, stroke, withMask } from "./paint.js";
import { boxBetween, cursorOf, edgesAt, fit, kept, moved, stretched, toImage, zoomAt } from "./view.js";

const CLICK = 4; // screen pixels; a shorter drag is a click

export class Stage {
  // `told` has functions: box(box), painted(mask, frame, id), select(id), problem(error).
  constructor(canvas, told) {
    this.canvas = canvas;
    this.told = told;
    this.pictures = new Kept(48);
    this.maps = new Kept(48);
    this.state = { model: null, clip: 0, frame: 0, selected: null, tool: "box", masks: true, boxes: true, opacity: 0.45, brush: 12 };
    this.view = null;
    this.fitted = true;
    this.drag = null;
    this.pointer = null;
    this.overlay = { key: "", canvas: new OffscreenCanvas(1, 1) };
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("pointerleave", () => { this.pointer = null; this.redraw(); });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  get size() {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  open(model, clip) {
    this.pictures = new Kept(48);
    this.maps = new Kept(48);
    this.fitted = true;
    this.view = null;
    this.set({ model, clip, frame: 0, selected: null });
  }

  set(changes) {
    Object.assign(this.state, changes);
    this.redraw();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.size.width * ratio);
    this.canvas.height = Math.round(this.size.height * ratio);
    if (this.fitted) this.view = null;
    this.draw();
  }

  // A picture, or a promise of it.
  async picture(frame) {
    const { clip } = this.state;
    const key = `${clip}/${frame}`;
    const found = this.pictures.get(key) || this.pictures.put(key, fetchPicture(clip, frame));
    found.catch(() => this.pictures.drop(key));
    return found;
  }

  // Fetch what a frame shows; resolves when it can be drawn.
  async load(frame) {
    const { model, clip } = this.state;
    const known = model.masks.get(frame);
    const map = this.maps.get(frame);
    const wanted = [this.picture(frame).then((bitmap) => { this.shown = { frame, bitmap }; })];
    if (known && (!map || map.tick < known.tick) && !(this.drag && this.drag.mask)) {
      wanted.push(fetchLabels(clip, frame, known.tick).then((labels) => {
        if (this.state.clip === clip && !(this.drag && this.drag.mask && this.state.frame === frame)) {
          this.maps.put(frame, { tick: known.tick, labels });
        }
      }));
    }
    await Promise.all(wanted);
    if (this.state.frame === frame) this.redraw();
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  get box() {
    const { model, selected, frame } = this.state;
    return selected === null || !model ? null : stateAt(model, selected, frame).box;
  }

  draw() {
    const { canvas, state } = this;
    const { model, frame } = state;
    const context = canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!model || !this.size.width) return;
    const image = model.facts;
    if (!this.view) this.view = fit(image, this.size);
    const { scale, left, top } = this.view;
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * left, ratio * top);
    context.imageSmoothingEnabled = scale < 3;
    if (this.shown && this.shown.frame === frame) context.drawImage(this.shown.bitmap, 0, 0, image.width, image.height);
    const map = this.maps.get(frame);
    if (state.masks && map) {
      context.imageSmoothingEnabled = false;
      context.drawImage(this.coloured(map), 0, 0);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (state.boxes) for (const object of model.objects) this.drawBox(context, object.id);
    if (this.drag && this.drag.box) this.outline(context, this.drag.box, this.dragColour(), []);
    this.drawBrush(context);
  }

  coloured(map) {
    const { model, opacity } = this.state;
    const key = `${this.state.frame} ${map.tick} ${map.strokes || 0} ${opacity}`;
    if (this.overlay.key !== key || this.overlay.map !== map) {
      const { width, height } = model.facts;
      const canvas = this.overlay.canvas;
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
      const data = new ImageData(width, height);
      colours(map.labels, width, height, opacity, data.data);
      canvas.getContext("2d").putImageData(data, 0, 0);
      this.overlay = { key, map, canvas };
    }
    return this.overlay.canvas;
  }

  drawBox(context, id) {
    const { model, frame, selected } = this.state;
    const { kind, box } = stateAt(model, id, frame);
    if (!box || (this.drag && this.drag.box && id === selected)) return;
    this.outline(context, box, css(id), kind === "between" ? [6, 4] : [], id === selected, `${id}`);
  }

  outline(context, box, colour, dashes, handles = false, label = "") {
    const { scale, left, top } = this.view;
    const [x, y, w, h] = [box[0] * scale + left, box[1] * scale + top, box[2] * scale, box[3] * scale];
    context.lineWidth = handles || !label ? 2 : 1.25;
    context.setLineDash(dashes);
    context.strokeStyle = colour;
    context.strokeRect(x, y, w, h);
    context.setLineDash([]);
    context.fillStyle = colour;
    if (handles) {
      for (const [px, py] of [[x, y], [x + w, y], [x, y + h], [x + w, y + h]]) context.fillRect(px - 4, py - 4, 8, 8);
    }
    if (label) {
      context.font = "12px system-ui, sans-serif";
      context.fillText(label, x + 3, y - 4 < 12 ? y + 14 : y - 4);
    }
  }

  drawBrush(context) {
    if (!this.pointer || !this.isBrush()) return;
    context.beginPath();
    context.arc(this.pointer.x, this.pointer.y, Math.max(1, this.state.brush * this.view.scale), 0, 7);
    context.lineWidth = 1.5;
    context.strokeStyle = "#000";
    context.stroke();
    context.setLineDash([4, 4]);
    context.strokeStyle = "#fff";
    context.stroke();
    context.setLineDash([]);
  }

  dragColour() {
    const { model, selected } = this.state;
    return css(selected === null ? Math.max(0, ...model.objects.map((object) => object.id)) + 1 : selected);
  }

  isBrush() {
    return this.state.tool === "paint" || this.state.tool === "erase";
  }

  down(event) {
    if (!this.state.model || this.drag || !this.view) return;
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const at = { x: event.offsetX, y: event.offsetY };
    const moves = event.button !== 0 || event.altKey || this.state.tool === "move";
    if (moves) this.drag = { moves: true, last: at };
    else if (this.isBrush()) this.startStroke(at, event.shiftKey);
    else this.drag = { from: at, edges: edgesAt(this.state.boxes ? this.box : null, this.view, at), start: this.box, box: null };
  }

  startStroke(at, other) {
    const { model, selected, frame, tool } = this.state;
    if (objectOf(model, selected) === null) {
      this.told.problem(new Error("Choose an object first, or press n and paint a new one."));
      return;
    }
    const awaited = ["box", "between", "tracked"].includes(stateAt(model, selected, frame).kind);
    if (awaited && !hasMask(model, selected, frame) && ["making", "following"].includes(model.work.state)) {
      this.told.problem(new Error("The mask of this frame is being made. Paint when it is there: a stroke would replace it."));
      return;
    }
    const { width, height } = model.facts;
    const map = this.maps.get(frame) || this.maps.put(frame, { tick: 0, labels: new Uint8Array(width * height) });
    const value = (tool === "paint") !== other ? 1 : 0;
    const changed = { ...map, labels: map.labels.slice(), strokes: 0 };
    this.maps.put(frame, changed);
    this.drag = { mask: maskOf(map.labels, selected), value, before: map, changed, last: toImage(this.view, at), frame, id: selected };
    this.brushTo(at);
  }

  brushTo(at) {
    const { model, brush } = this.state;
    const point = toImage(this.view, at);
    const { drag } = this;
    const { width, height } = model.facts;
    const part = stroke(drag.mask, width, height, drag.last, point, brush, drag.value);
    withMask(drag.changed.labels, drag.mask, drag.id, width, part);
    drag.changed.strokes += 1;
    drag.last = point;
  }

  move(event) {
    const at = { x: event.offsetX, y: event.offsetY };
    this.pointer = event.pointerType === "touch" && !this.drag ? null : at;
    const { drag, state } = this;
    if (!state.model || !this.view) return;
    if (!drag) {
      const edges = state.tool === "box" && state.boxes ? edgesAt(this.box, this.view, at) : "";
      this.canvas.style.cursor = state.tool === "move" ? "grab" : this.isBrush() ? "none" : cursorOf(edges);
    } else if (drag.moves) {
      this.look(moved(this.view, at.x - drag.last.x, at.y - drag.last.y));
      drag.last = at;
    } else if (drag.mask) {
      for (const one of event.getCoalescedEvents ? event.getCoalescedEvents() : []) this.brushTo({ x: one.offsetX, y: one.offsetY });
      this.brushTo(at);
    } else {
      const image = state.model.facts;
      const far = Math.hypot(at.x - drag.from.x, at.y - drag.from.y) >= CLICK;
      if (far || drag.box) {
        const point = toImage(this.view, at);
        drag.box = drag.edges ? stretched(drag.start, drag.edges, point, image) : boxBetween(toImage(this.view, drag.from), point, image);
      }
    }
    this.redraw();
  }

  up(event) {
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    if (drag.mask) this.told.painted(drag.mask, drag.frame, drag.id);
    else if (drag.box) this.told.box(drag.box);
    else if (drag.from) this.click(toImage(this.view, { x: event.offsetX, y: event.offsetY }));
    this.redraw();
  }

  cancel() {
    if (this.drag && this.drag.mask) this.maps.put(this.drag.frame, this.drag.before);
    this.drag = null;
    this.redraw();
  }

  // A click on an object's mask or box selects it.
  click(point) {
    const { model, frame } = this.state;
    const { width, height } = model.facts;
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const map = this.maps.get(frame);
    const id = map ? map.labels[y * width + x] : 0;
    const boxed = model.objects.filter((object) => {
      const { box } = stateAt(model, object.id, frame);
      return box && x >= box[0] && y >= box[1] && x < box[0] + box[2] && y < box[1] + box[3];
    });
    if (objectOf(model, id)) this.told.select(id);
    else if (boxed.length) this.told.select(boxed[0].id);
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), { x: event.offsetX, y: event.offsetY });
  }

  zoom(factor, at = { x: this.size.width / 2, y: this.size.height / 2 }) {
    if (!this.state.model || !this.view) return;
    this.look(zoomAt(this.view, factor, at, fit(this.state.model.facts, this.size).scale / 2));
  }

  look(view) {
    this.fitted = false;
    this.view = kept(view, this.state.model.facts, this.size);
    this.redraw();
  }

  whole() {
    this.fitted = true;
    this.view = null;
    this.redraw();
  }
}

// The confidence of every frame, with what was drawn; a click goes there.

import { LOW, confidenceAt, hasMask, stateAt } from "./model.js";
import { css } from "./paint.js";

const EDGE = 10; // pixels left and right of the first and last frame
const MARKS = 14; // height of the row of marks

export function xOf(frame, frames, width) {
  return frames < 2 ? width / 2 : EDGE + (frame / (frames - 1)) * (width - 2 * EDGE);
}

export function frameAt(x, frames, width) {
  const part = (x - EDGE) / Math.max(1, width - 2 * EDGE);
  return Math.max(0, Math.min(frames - 1, Math.round(part * (frames - 1))));
}

export class Curve {
  constructor(canvas, onJump) {
    this.canvas = canvas;
    this.model = null;
    const jump = (event) => {
      if (!this.model || !(event.buttons & 1)) return;
      onJump(frameAt(event.offsetX, this.model.facts.frames, canvas.clientWidth));
    };
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); jump(event); });
    canvas.addEventListener("pointermove", jump);
  }

  draw(model, selected, frame) {
    this.model = model;
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name);
    const { frames } = model.facts;
    const x = (at) => xOf(at, frames, width);
    const y = (value) => MARKS + (1 - value) * (height - MARKS - 4);
    context.fillStyle = colour("--low-back");
    context.fillRect(EDGE, y(LOW), width - 2 * EDGE, y(0) - y(LOW));
    context.strokeStyle = colour("--line");
    context.lineWidth = 1;
    context.strokeRect(EDGE, y(1), width - 2 * EDGE, y(0) - y(1));
    for (const object of model.objects) {
      if (object.id !== selected) this.line(context, model, object.id, x, y, 1, 0.45);
    }
    if (selected !== null) {
      this.stretches(context, model, selected, x, height);
      this.line(context, model, selected, x, y, 2, 1);
      this.marks(context, model, selected, x, colour);
    }
    context.fillStyle = colour("--focus");
    context.fillRect(x(frame) - 1, 0, 2, height);
  }

  line(context, model, id, x, y, width, alpha) {
    context.strokeStyle = css(id);
    context.fillStyle = css(id);
    context.lineWidth = width;
    context.globalAlpha = alpha;
    context.beginPath();
    let drawing = false;
    for (let frame = 0; frame < model.facts.frames; frame += 1) {
      const value = confidenceAt(model, id, frame);
      if (value === null) {
        drawing = false;
        continue;
      }
      const alone = !drawing && confidenceAt(model, id, frame + 1) === null;
      if (alone) context.fillRect(x(frame) - 1.5, y(value) - 1.5, 3, 3);
      if (drawing) context.lineTo(x(frame), y(value));
      else context.moveTo(x(frame), y(value));
      drawing = true;
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  stretches(context, model, id, x, height) {
    context.fillStyle = css(id);
    context.globalAlpha = 0.12;
    for (let frame = 0; frame < model.facts.frames; frame += 1) {
      if (stateAt(model, id, frame).kind === "tracked" && hasMask(model, id, frame)) {
        const [from, to] = [frame - 0.5, Math.min(frame + 0.5, model.facts.frames - 1)];
        context.fillRect(x(from), MARKS, x(to) - x(from), height - MARKS - 4);
      }
    }
    context.globalAlpha = 1;
  }

  marks(context, model, id, x, colour) {
    const object = model.objects.find((one) => one.id === id);
    for (const [frame, mark] of Object.entries(object ? object.marks : {})) {
      if (mark.found) continue; // one on every frame says nothing
      const at = x(Number(frame));
      context.fillStyle = mark.kind === "absent" ? colour("--soft") : css(id);
      context.beginPath();
      if (mark.kind === "painted") context.arc(at, MARKS / 2, 4.5, 0, 7);
      else if (mark.kind === "absent") context.rect(at - 4, MARKS / 2 - 1.5, 8, 3);
      else context.rect(at - 4, MARKS / 2 - 4, 8, 8);
      context.fill();
    }
  }
}

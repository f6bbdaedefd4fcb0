// Talking to the server. Addresses are relative: the secret part is that of the page.

export class Refused extends Error {}
export class Gone extends Refused {}

async function answer(response) {
  if (response.ok) return response;
  const text = (await response.text()).trim().split("\n")[0] || `it says no more than ${response.status}`;
  throw new Refused(`That did not work: ${text}`);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Gone("The program has ended. Everything is saved: start run_editor.py again, and open the address it prints.");
  }
  return answer(response);
}

export async function get(path) {
  return (await ask(path)).json();
}

export async function post(path, content) {
  const raw = content instanceof Uint32Array;
  const type = raw ? "application/octet-stream" : "application/json";
  const body = raw ? content : JSON.stringify(content);
  return (await ask(path, { method: "POST", headers: { "Content-Type": type }, body })).json();
}

export async function picture(clip, frame) {
  const response = await ask(`clips/${clip}/frames/${frame}`);
  return createImageBitmap(await response.blob());
}

// The label map of a frame: ids, a byte each.
export async function labels(clip, frame, tick) {
  const response = await ask(`clips/${clip}/masks/${frame}?tick=${tick}`);
  const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
  return Uint8Array.from(pixels, (pixel) => pixel & 255);
}

// The values used last.
export class Kept {
  constructor(most) {
    this.most = most;
    this.values = new Map();
  }

  get(key) {
    const value = this.values.get(key);
    if (value !== undefined) {
      this.values.delete(key);
      this.values.set(key, value);
    }
    return value;
  }

  put(key, value) {
    this.values.delete(key);
    this.values.set(key, value);
    while (this.values.size > this.most) this.values.delete(this.values.keys().next().value);
    return value;
  }

  drop(key) {
    this.values.delete(key);
  }
}

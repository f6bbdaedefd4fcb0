// Label maps in the page: brushing, run lengths, colours. Pure; ids are bytes, row by row.

export const COLOURS = [
  [230, 60, 60], [60, 190, 75], [255, 225, 25], [40, 130, 235], [245, 130, 48], [180, 60, 220], [70, 240, 240],
];

export function colourOf(id) {
  return COLOURS[(id - 1) % COLOURS.length];
}

export function css(id) {
  return `rgb(${colourOf(id).join(",")})`;
}

// Set the pixels within `radius` of the line from a to b to 1 or 0.
export function stroke(mask, width, height, a, b, radius, value) {
  const left = Math.max(0, Math.floor(Math.min(a.x, b.x) - radius));
  const right = Math.min(width - 1, Math.ceil(Math.max(a.x, b.x) + radius));
  const top = Math.max(0, Math.floor(Math.min(a.y, b.y) - radius));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(a.y, b.y) + radius));
  const dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  for (let y = top; y <= bottom; y += 1) {
    for (let x = left; x <= right; x += 1) {
      const px = x + 0.5 - a.x, py = y + 0.5 - a.y;
      const t = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
      const ex = px - t * dx, ey = py - t * dy;
      if (ex * ex + ey * ey <= radius * radius) mask[y * width + x] = value;
    }
  }
  return { left, right, top, bottom };
}

export function maskOf(labels, id) {
  return labels.map((value) => (value === id ? 1 : 0));
}

// Run lengths: outside, inside, outside, ... as the server reads them.
export function runs(mask) {
  const found = [];
  let value = 0, start = 0;
  for (let at = 0; at < mask.length; at += 1) {
    if (mask[at] !== value) {
      found.push(at - start);
      start = at;
      value = mask[at];
    }
  }
  found.push(mask.length - start);
  return Uint32Array.from(found);
}

// Put a part of the mask of one object into a label map.
export function withMask(labels, mask, id, width, part) {
  for (let y = part.top; y <= part.bottom; y += 1) {
    for (let x = part.left; x <= part.right; x += 1) {
      const at = y * width + x;
      if (mask[at]) labels[at] = id;
      else if (labels[at] === id) labels[at] = 0;
    }
  }
}

// RGBA of a label map: fills as opaque as wanted, outlines solid.
export function colours(labels, width, height, opacity, into) {
  const pixels = new Uint32Array(into.buffer);
  const alpha = Math.round(opacity * 255) << 24;
  const table = new Uint32Array(256), solid = new Uint32Array(256);
  for (let id = 1; id < 256; id += 1) {
    const [r, g, b] = colourOf(id);
    const rgb = r | (g << 8) | (b << 16);
    table[id] = (rgb | alpha) >>> 0;
    solid[id] = (rgb | (230 << 24)) >>> 0;
  }
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 1) {
      const id = labels[at];
      if (!id) { pixels[at] = 0; continue; }
      const inner = x > 0 && x < width - 1 && y > 0 && y < height - 1 && labels[at - 1] === id && labels[at + 1] === id &&
        labels[at - width] === id && labels[at + width] === id;
      pixels[at] = inner ? table[id] : solid[id];
    }
  }
  return into;
}

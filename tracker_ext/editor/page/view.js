// Pure geometry: where the frame is on the screen, and what a pointer touches. No DOM here.

export const MOST_ZOOM = 40;
const NEAR = 9; // screen pixels within which an edge is touched

// A view shows image point (x, y) at screen point (x * scale + left, y * scale + top).
export function fit(image, screen) {
  const scale = Math.min(screen.width / image.width, screen.height / image.height) || 1;
  return { scale, left: (screen.width - image.width * scale) / 2, top: (screen.height - image.height * scale) / 2 };
}

export function zoomAt(view, factor, at, least) {
  const scale = Math.min(MOST_ZOOM, Math.max(least, view.scale * factor));
  const by = scale / view.scale;
  return { scale, left: at.x - (at.x - view.left) * by, top: at.y - (at.y - view.top) * by };
}

export function moved(view, dx, dy) {
  return { ...view, left: view.left + dx, top: view.top + dy };
}

// Some of the frame stays in sight.
export function kept(view, image, screen) {
  const clamp = (value, size, room) => Math.min(room - 40, Math.max(40 - size, value));
  return {
    ...view,
    left: clamp(view.left, image.width * view.scale, screen.width),
    top: clamp(view.top, image.height * view.scale, screen.height),
  };
}

export function toImage(view, point) {
  return { x: (point.x - view.left) / view.scale, y: (point.y - view.top) / view.scale };
}

export function boxBetween(a, b, image) {
  const clampX = (x) => Math.min(image.width, Math.max(0, x));
  const clampY = (y) => Math.min(image.height, Math.max(0, y));
  const [x1, x2] = [clampX(a.x), clampX(b.x)].sort((p, q) => p - q);
  const [y1, y2] = [clampY(a.y), clampY(b.y)].sort((p, q) => p - q);
  return [x1, y1, x2 - x1, y2 - y1];
}

// Which edges of a box a screen point touches: a string of l r t b, empty for none.
export function edgesAt(box, view, point) {
  if (!box) return "";
  const [x, y, w, h] = box;
  const left = x * view.scale + view.left, right = (x + w) * view.scale + view.left;
  const top = y * view.scale + view.top, bottom = (y + h) * view.scale + view.top;
  if (point.x < left - NEAR || point.x > right + NEAR || point.y < top - NEAR || point.y > bottom + NEAR) return "";
  const near = (a, b) => Math.abs(a - b) <= NEAR;
  // Of a box smaller than the reach of both edges the nearer one is meant.
  const across = (low, high, at, names) => {
    const [first, second] = [near(low, at), near(high, at)];
    if (first && second) return Math.abs(low - at) < Math.abs(high - at) ? names[0] : names[1];
    return first ? names[0] : second ? names[1] : "";
  };
  return across(left, right, point.x, "lr") + across(top, bottom, point.y, "tb");
}

export function stretched(box, edges, point, image) {
  let [x, y, w, h] = box;
  let right = x + w, bottom = y + h;
  if (edges.includes("l")) x = point.x;
  if (edges.includes("r")) right = point.x;
  if (edges.includes("t")) y = point.y;
  if (edges.includes("b")) bottom = point.y;
  return boxBetween({ x, y }, { x: right, y: bottom }, image);
}

export function nudged(box, dx, dy, image) {
  const [x, y, w, h] = box;
  return [Math.min(image.width - w, Math.max(0, x + dx)), Math.min(image.height - h, Math.max(0, y + dy)), w, h];
}

export function cursorOf(edges) {
  return { l: "ew-resize", r: "ew-resize", t: "ns-resize", b: "ns-resize",
    lt: "nwse-resize", rb: "nwse-resize", lb: "nesw-resize", rt: "nesw-resize" }[edges] || "crosshair";
}

"""A CVAT server with one task, as far as its SDK asks; answers are the SDK's own models."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np

TASK, SIZE, USER, PASSWORD, TOKEN = 7, (48, 64), "me", "secret", "token-of-mine"


class _FromServer:
    """The SDK's models, built as answers are: fields that only the server sets may be given."""

    def __init__(self, models: Any) -> None:
        self._models = models

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._models, name)
        return getattr(found, "_from_openapi_data", found)


class Task:
    """What the server holds: frames, labels, annotations; and what it was asked for."""

    def __init__(self, num_frames: int = 6, deleted: tuple[int, ...] = ()) -> None:
        from cvat_sdk import models

        self.models, self.num_frames, self.deleted = _FromServer(models), num_frames, deleted
        self.tracks: list[Any] = []
        self.shapes: dict[int, Any] = {}
        self.asked: list[str] = []
        self.fails: dict[str, int] = {}
        """Beginning of "METHOD path" -> status to answer with."""
        self._last_id = 100

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def add_track(self, boxes: dict[int, tuple[float, ...] | None], label: int = 1, kind: str = "rectangle") -> None:
        """Frame -> corners of a keyframe; None: outside from there on."""
        shapes = [
            self.models.TrackedShape(
                type=self.models.ShapeType(kind),
                frame=frame,
                outside=corners is None,
                occluded=False,
                z_order=0,
                rotation=0.0,
                attributes=[],
                points=[float(value) for value in corners or (0, 0, 1, 1)],
            )
            for frame, corners in boxes.items()
        ]
        first = min(boxes)
        self.tracks.append(
            self.models.LabeledTrack(
                label_id=label, frame=first, shapes=shapes, id=self.new_id(), group=0, attributes=[]
            )
        )

    def add_shape(self, **fields: Any) -> int:
        number = self.new_id()
        given = {
            "rotation": 0.0,
            "z_order": 0,
            **fields,
            "type": self.models.ShapeType(str(fields["type"])),
            "id": number,
        }
        self.shapes[number] = self.models.LabeledShape(**given)
        return number

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Any:
        """A model, a list of models with paging, or bytes."""
        m, root = self.models, f"/api/tasks/{TASK}"
        if path == root:
            where = (
                m.JobsSummary(completed=0, validation=0, url="http://127.0.0.1/jobs"),
                m.LabelsSummary(url="http://127.0.0.1/labels"),
            )
            return m.TaskRead(
                jobs=where[0], labels=where[1], id=TASK, name="walk", size=self.num_frames, organization=None
            )
        if path == f"{root}/data/meta":
            frames = [m.FrameMeta(name="clip.mp4", related_files=0, width=SIZE[1], height=SIZE[0])]
            return m.DataMetaRead(
                chunks_updated_date=datetime.now(UTC),
                frames=frames,
                deleted_frames=list(self.deleted),
                size=self.num_frames,
            )
        if path == f"{root}/data":
            level = 30 + 20 * int(query["number"][0])
            return cv2.imencode(".png", np.full((*SIZE, 3), level, np.uint8))[1].tobytes()
        if path == "/api/labels":
            labels = [m.Label(name=name, id=number, attributes=[]) for number, name in ((1, "ball"), (2, "dog"))]
            return m.PaginatedLabelList(count=2, results=labels, next=None, previous=None)
        if path == f"{root}/annotations" and method == "GET":
            return m.LabeledData(version=0, tags=[], shapes=list(self.shapes.values()), tracks=self.tracks)
        if path == f"{root}/annotations" and method == "PATCH":
            return self.patch(query["action"][0], body)
        return None

    def patch(self, action: str, body: Any) -> Any:
        changed = []
        for shape in body.get("shapes", []):
            if action == "create":
                number = self.add_shape(**{key: value for key, value in shape.items() if key not in ("id", "elements")})
                changed.append(self.shapes[number])
            elif action == "delete":
                changed.append(self.shapes.pop(shape["id"]))
        return self.models.LabeledData(version=1, tags=[], shapes=changed, tracks=[])


@contextmanager
def serving(task: Task) -> Iterator[str]:
    """Gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.rstrip("/")
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(data) if data else {}
            task.asked.append(f"{self.command} {path}")
            status = next((code for start, code in task.fails.items() if task.asked[-1].startswith(start)), 0)
            if status:
                self.reply(status, b"{}")
            elif path == "/api/auth/login":
                good = (body["username"], body["password"]) == (USER, PASSWORD)
                cookies = ["sessionid=s; Path=/", "csrftoken=c; Path=/"] if good else []
                self.reply(200 if good else 400, b'{"key": "k"}', cookies)
            elif path == "/api/auth/logout":
                self.reply(200, b'{"detail": "bye"}')
            elif f"Bearer {TOKEN}" != self.headers.get("Authorization") and "sessionid=s" not in self.headers.get(
                "Cookie", ""
            ):
                self.reply(401, b"{}")
            else:
                found = task.answer(self.command, path, parse_qs(parts.query), body)
                if isinstance(found, bytes):
                    self.reply(200, found, kind="image/png")
                elif found is None:
                    self.reply(404, b"{}")
                else:
                    self.reply(200, json.dumps(found.to_dict(), default=str).encode())

        def reply(
            self, status: int, data: bytes, cookies: list[str] | None = None, kind: str = "application/json"
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for cookie in cookies or ():
                self.send_header("Set-Cookie", cookie)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)

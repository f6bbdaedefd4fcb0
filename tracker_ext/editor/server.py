"""What the page asks for: routes, and nothing else.

Nothing that a client sends is a path: clips, frames and files of the page are asked for by their number or by a name
from a fixed list.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import cv2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ltr_ext.errors import UserError
from ltr_ext.text import one_line
from tracker_ext.editor.desk import Desk
from tracker_ext.editor.errands import export_folder, offered
from tracker_ext.editor.telling import facts, plain_words
from tracker_ext.editor.telling import news as changes
from tracker_ext.editor.uploads import MOST_JSON, MOST_RUNS, as_mask, as_request, body

PAGE_FOLDER = Path(__file__).resolve().parent / "page"
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FRESH = {"Cache-Control": "no-store"}
LONG = {"Cache-Control": "private, max-age=3600"}
Handler = Callable[[Request], Awaitable[Response]]


def application(desk: Desk) -> Starlette:
    """The routes below the token."""
    page = {path.name: path for path in PAGE_FOLDER.iterdir() if path.suffix in KINDS}

    async def file(request: Request) -> Response:
        path = page.get(request.path_params.get("name", "index.html"))
        if path is None:
            return PlainTextResponse("there is no such page\n", 404)
        return Response(path.read_bytes(), media_type=KINDS[path.suffix], headers=FRESH)

    async def clips(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(desk.list), headers=FRESH)

    async def open_clip(request: Request) -> Response:
        opened = await run_in_threadpool(desk.open, request.path_params["clip"])
        told = {**facts(opened.session), **opened.clip.describe()}
        if not opened.clip.is_of_dataset:
            told |= {"formats": offered(), "export": str(export_folder(opened.session.out))}
        return JSONResponse(told, headers=FRESH)

    async def news(request: Request) -> Response:
        opened = desk.opened(request.path_params["clip"])
        opened.session.look_at(_number(request, "at"))
        told = await run_in_threadpool(changes, opened.session, _number(request, "since"))
        return JSONResponse({**told, "work": opened.worker.progress.facts()}, headers=FRESH)

    async def frame(request: Request) -> Response:
        opened = desk.opened(request.path_params["clip"])
        data = await run_in_threadpool(opened.session.frames.jpeg, request.path_params["frame"])
        return Response(data, media_type="image/jpeg", headers=LONG)

    async def mask(request: Request) -> Response:
        session = desk.opened(request.path_params["clip"]).session
        data = await run_in_threadpool(_grey_png, session, request.path_params["frame"])
        return Response(data, media_type="image/png", headers=FRESH)

    async def act(request: Request) -> Response:
        opened = desk.opened(request.path_params["clip"])
        wanted = as_request(await body(request, MOST_JSON))
        return JSONResponse(await run_in_threadpool(opened.act, wanted), headers=FRESH)

    async def paint(request: Request) -> Response:
        session = desk.opened(request.path_params["clip"]).session
        mask = as_mask(await body(request, MOST_RUNS), session.size)
        object_id, frame = request.path_params["object"], request.path_params["frame"]
        return JSONResponse(await run_in_threadpool(session.paint, object_id, frame, mask), headers=FRESH)

    async def decide(request: Request) -> Response:
        wanted = as_request(await body(request, MOST_JSON))
        clip = request.path_params["clip"]
        return JSONResponse(await run_in_threadpool(desk.decide, clip, wanted), headers=FRESH)

    async def leave(request: Request) -> Response:
        desk.leave()
        return JSONResponse({"done": "closed"}, headers=FRESH)

    return Starlette(
        routes=[
            Route("/", answered(file)),
            Route("/page/{name}", answered(file)),
            Route("/clips", answered(clips)),
            Route("/clips/{clip:int}/open", answered(open_clip), methods=["POST"]),
            Route("/clips/{clip:int}/news", answered(news)),
            Route("/clips/{clip:int}/frames/{frame:int}", answered(frame)),
            Route("/clips/{clip:int}/masks/{frame:int}", answered(mask)),
            Route("/clips/{clip:int}/act", answered(act), methods=["POST"]),
            Route("/clips/{clip:int}/paint/{object:int}/{frame:int}", answered(paint), methods=["POST"]),
            Route("/clips/{clip:int}/decide", answered(decide), methods=["POST"]),
            Route("/leave", answered(leave), methods=["POST"]),
        ]
    )


def answered(handler: Handler) -> Handler:
    """A handler whose errors are one line: 400 for a mistake, 404 for what is not there."""

    @functools.wraps(handler)
    async def answering(request: Request) -> Response:
        try:
            return await handler(request)
        except UserError as error:
            return PlainTextResponse(f"{one_line(error)}\n", 400)
        except (IndexError, KeyError) as error:
            return PlainTextResponse(f"there is no {one_line(error)}\n", 404)
        except Exception as error:
            logging.exception("%s", request.url.path.rpartition("/clips")[2])
            return PlainTextResponse(f"{plain_words(error)}\n", 500)

    return answering


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _grey_png(session: Any, frame: int) -> bytes:
    """The label map of a frame with its ids as shades: a browser would turn the palette's indices into colours."""
    if not 0 <= frame < len(session.source):
        raise IndexError(f"frame {frame}")
    with session.lock:
        labels = session.results.labels(frame)
    _, data = cv2.imencode(".png", labels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()

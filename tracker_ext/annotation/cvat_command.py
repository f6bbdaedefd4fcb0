"""`run_annotate.py cvat URL TASK`: box tracks of a CVAT task become masks in it."""

from __future__ import annotations

import argparse
import getpass
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from ltr_ext.data.mask_io import MAX_PALETTE_ID, read_mask
from ltr_ext.errors import UserError
from ltr_ext.progress import Progress
from ltr_ext.text import counted, one_line
from tracker_ext.annotation.cvat_task import TaskBoxes, pull_boxes, pull_frames, push_masks
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.segmentation.boxed_video import BoxedVideo
from tracker_ext.segmentation.config import AnnotateConfig, existing_weight_file, from_options
from tracker_ext.segmentation.prepare import prepare
from tracker_ext.video.clip_writer import refuse_loss
from tracker_ext.video.frames import open_frames
from tracker_ext.video.listing import VIDEO_RESULT

TOKEN, PASSWORD = "CVAT_ACCESS_TOKEN", "CVAT_PASSWORD"
FRAMES_FOLDER = "frames"
"""In the output folder: the frames of the task."""
EXIT_FAILED = 1


def annotate_cvat(args: argparse.Namespace) -> int:
    """The command: pull, make masks, push.

    Args:
        args: options by name: `url`, `task`, `user`, `no_push`, `only_push`, and those of a video.

    Returns:
        0; 1 if frames could not be read.

    Raises:
        UserError: no package, no server, no access, no such task, no box tracks, or what `annotate_video` raises.
    """
    config = from_options(AnnotateConfig, args)
    weights = existing_weight_file(args.weights)
    if importlib.util.find_spec("cvat_sdk") is None:
        raise UserError("package cvat-sdk is not installed: pip install '.[cvat]'")
    out = args.out or Path(f"cvat_task_{args.task}")
    if args.only_push and not (out / VIDEO_RESULT).is_dir():
        raise UserError(f"--only-push: {out} has no masks; give the command without it first, or --out")
    if not args.only_push:
        refuse_loss(out, [])
    damage = ""
    with connected(args.url, args.user) as client:
        task = client.tasks.retrieve(args.task)
        pulled = pull_boxes(task)
        if len(pulled.labels) > MAX_PALETTE_ID:
            raise UserError(f"task {args.task}: {len(pulled.labels)} tracks; masks of one video hold {MAX_PALETTE_ID}")
        print(f"task {task.id}: {task.name}, {counted(task.size, 'frame')}, {counted(len(pulled.labels), 'track')}")
        if not args.only_push:
            with Progress(total=task.size, desc="frames", unit="frame") as progress:
                pull_frames(task, out / FRAMES_FOLDER, progress.update)
            damage = _annotate(pulled, config, weights, args.max_gap, out)
        if not args.no_push:
            print(push_masks(task, pulled, _masks(out / VIDEO_RESULT, task.size)))
    print(f"results: {out}")
    if damage:
        print(f"damaged: {damage}", file=sys.stderr)
    return EXIT_FAILED if damage else 0


def _annotate(pulled: TaskBoxes, config: AnnotateConfig, weights: Path, max_gap: int, out: Path) -> str:
    """Make the masks of a task into the output folder; returns a line about frames that could not be read."""
    frames = open_frames(out / FRAMES_FOLDER, upright=True)
    given = pulled.given
    sequence = BoxedSequence(
        frames.name, frames, tuple(range(len(frames))), given.boxes, given.absent, given.objects, notes=given.notes
    )
    prepared = prepare(sequence, max_gap, bad="skip")
    for skipped in prepared.skipped:
        print(f"note: {skipped}", file=sys.stderr)
    # Only now: this imports torch, which takes seconds that a mistake must not cost.
    from tracker_ext.segmentation.annotate_video import annotate_video
    from tracker_ext.segmentation.api import load_box2mask
    from tracker_ext.segmentation.confidence import load_calibration

    video = BoxedVideo((out / FRAMES_FOLDER,), sequence, prepared, {})
    summary, damage = annotate_video(video, load_box2mask(weights), config, out, load_calibration(weights))
    print(summary)
    return damage


def _masks(folder: Path, num_frames: int) -> Iterator[tuple[int, np.ndarray]]:
    for frame in range(num_frames):
        path = folder / f"{frame:06d}.png"
        if path.is_file():
            yield frame, read_mask(path)


@contextmanager
def connected(url: str, user: str | None) -> Iterator[Any]:
    """A client of a server, logged in; what goes wrong between is one line. Nothing about the login is stored.

    Args:
        url: of the server; what a browser shows of a task will do.
        user: with its password from CVAT_PASSWORD, else asked for; None: the token of CVAT_ACCESS_TOKEN.

    Raises:
        UserError: no such server, or no access.
    """
    import urllib3
    from cvat_sdk import exceptions
    from cvat_sdk.core.client import AccessTokenCredentials, Client, PasswordCredentials
    from cvat_sdk.core.exceptions import CvatSdkException

    server = server_of(url)
    token = os.environ.get(TOKEN)
    if user is None and not token:
        raise UserError(f"{server}: who are you? give --user NAME, or an access token in the variable {TOKEN}")
    try:
        client = Client(server, check_server_version=False)
        with client:
            if user is None:
                client.login(AccessTokenCredentials(token))
            else:
                client.login(PasswordCredentials(user, _password(user, server)))
            try:
                yield client
            finally:
                if user is not None:
                    with suppress(Exception):  # the server ends the session by itself later
                        client.logout()
    except exceptions.ApiException as error:
        raise UserError(f"{server}: {_refusal(error, user)}") from error
    except (urllib3.exceptions.HTTPError, CvatSdkException, OSError) as error:
        raise UserError(f"{server}: does not answer ({one_line(error)[:160]}); check the address") from error


def server_of(url: str) -> str:
    """`https://host:port` of an address.

    Raises:
        UserError: it is none.
    """
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"URL {url}: give the address of the server, as https://app.cvat.ai")
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def _password(user: str, server: str) -> str:
    if password := os.environ.get(PASSWORD):
        return password
    if not sys.stdin.isatty():
        raise UserError(f"--user {user}: nobody is here to be asked for the password; put it into {PASSWORD}")
    return getpass.getpass(f"password of {user} at {server}: ")


def _refusal(error: Any, user: str | None) -> str:
    """What an answer of the server means."""
    known = {
        400: f"refuses {'user or password' if user else 'the request'}; check {'them' if user else 'the task'}",
        401: f"does not know {f'user {user} with this password' if user else 'this access token'}; check it",
        403: "you may not see or change this task; ask its owner",
        404: "has no such task (or none that you may see); check its number",
    }
    return known.get(error.status, f"answers {error.status} {error.reason}; try again later")

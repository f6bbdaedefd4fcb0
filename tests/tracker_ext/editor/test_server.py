"""Who is answered, and with what; everybody else is refused in one line."""

from __future__ import annotations

import contextlib
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from miniatures.editor import running_editor, settle
from miniatures.videos import level

from ltr_ext.errors import UserError
from tracker_ext.editor.serve import listen
from tracker_ext.editor.uploads import MOST_JSON, MOST_RUNS


@pytest.fixture
def editor(clip, box_filler, tmp_path) -> Iterator[tuple]:
    with running_editor(clip, tmp_path / "out", box_filler) as (address, desk):
        desk.open(0)
        yield address, desk


def ask(url: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Status and body."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, names), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def act(address: str, **request) -> tuple[int, bytes]:
    return ask(f"{address}clips/0/act", json.dumps(request).encode())


def raw(address: str, lines: list[str]) -> str:
    """The first line of the answer to a request that no client would send."""
    host, port = address.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return connection.recv(4096).decode("latin-1").split("\r\n")[0]


class TestGuard:
    def test_without_the_token_nothing_is_told(self, editor):
        address, _ = editor
        base, token = address[: address.index("/", 7) + 1], address.split("/")[3]
        for wrong in (
            "",
            "x/",
            f"{token[:-1]}/",
            f"{token}x/",
            f"{token.swapcase()}/",
            f"page/{token}/",
            "é/".encode().hex(),
        ):
            for path in ("", "clips", "page/app.js", "clips/0/frames/0"):
                status, text = ask(f"{base}{wrong}{path}")
                assert status == 403 and text.count(b"\n") == 1, (wrong, path)
        assert ask(address)[0] == 200

    def test_another_host_is_refused(self, editor):
        address, _ = editor
        port = address.split(":")[2].split("/")[0]
        assert ask(f"{address}clips", Host="evil.example")[0] == 403
        assert ask(f"{address}clips", Host=f"evil.example:{port}")[0] == 403
        assert ask(f"{address}clips", Host=f"127.0.0.1:{int(port) + 1}")[0] == 403
        path = "/" + address.split("/", 3)[3]
        twice = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Host: evil.example"]
        assert "403" in raw(address, twice) or "400" in raw(address, twice)
        assert " 200 " not in raw(address, [f"GET {path} HTTP/1.0"])

    @pytest.mark.parametrize(
        "origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1", "file://"]
    )
    def test_another_page_is_refused(self, editor, origin):
        address, desk = editor
        status, text = ask(f"{address}clips/0/act", b'{"do":"add"}', Origin=origin)
        assert status == 403 and b"another page" in text and not desk.opened(0).session.document.objects()

    def test_its_own_page_is_answered(self, editor):
        address, desk = editor
        own = address[: address.index("/", 7)]
        assert ask(f"{address}clips/0/act", b'{"do":"add"}', Origin=own, Sec_Fetch_Site="same-origin")[0] == 200
        assert ask(f"{address}clips/0/act", b'{"do":"add"}', Sec_Fetch_Site="cross-site")[0] == 403
        assert len(desk.opened(0).session.document.objects()) == 1

    def test_the_page_may_load_nothing_from_elsewhere(self, editor):
        address, _ = editor
        with urllib.request.urlopen(address, timeout=10) as answer:
            policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "http" not in policy and "unsafe" not in policy

    def test_no_websocket(self, editor):
        address, _ = editor
        path = "/" + address.split("/", 3)[3]
        host = address.split("/")[2]
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
        assert "101" not in raw(address, [*lines, "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"])

    def test_only_this_machine_can_connect(self):
        listener = listen(0)
        assert listener.getsockname()[0] == "127.0.0.1"
        taken = listener.getsockname()[1]
        with pytest.raises(UserError, match=r"--port \d+: cannot be used"):
            listen(taken)
        listener.close()
        with pytest.raises(UserError, match="--port 70000"):
            listen(70000)


@pytest.mark.parametrize(
    "path",
    [
        "page/../server.py", "page/..%2fserver.py", "page/%2e%2e/server.py", "page//etc/passwd", "page/%2fetc%2fpasswd",
        "clips/0/frames/../../../etc/passwd", "clips/0/frames/-1", "clips/0/frames/30", "clips/0/frames/1e3",
        "clips/0/frames/99999999999999999999", "clips/0/masks/30", "clips/7/frames/0", "clips/-1/news", "nothing",
        "page/", "clips/0/frames/0.jpg", "..%2f..%2fetc/passwd",
    ],
)  # fmt: skip
def test_no_other_file_is_served(editor, path):
    status, text = ask(f"{editor[0]}{path}")
    assert status in (400, 404, 405) and len(text) < 200 and b"root:" not in text


def test_every_frame_is_the_one_asked_for(editor):
    address, _ = editor
    for number in (0, 29, 7, 6, 5, 28, 0, 15):
        status, data = ask(f"{address}clips/0/frames/{number}")
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert status == 200 and picture.shape == (48, 64, 3) and level(picture) == number


def test_masks_come_as_ids(editor):
    address, desk = editor
    assert act(address, do="box", frame=3, box=[5, 5, 20, 20])[0] == 200
    act(address, do="live", on=True)
    settle(desk.opened(0))
    labels = cv2.imdecode(np.frombuffer(ask(f"{address}clips/0/masks/3")[1], np.uint8), cv2.IMREAD_UNCHANGED)
    assert labels.shape == (48, 64) and np.unique(labels).tolist() == [0, 1]
    news = json.loads(ask(f"{address}clips/0/news?since=0&at=3")[1])
    assert [frame for frame, _, _ in news["masks"]] == [3] and news["document"]["objects"][0]["id"] == 1
    later = json.loads(ask(f"{address}clips/0/news?since={news['tick']}")[1])
    assert later["masks"] == [] and "document" not in later


class TestUploads:
    def runs(self, *numbers: int) -> bytes:
        return np.array(numbers, "<u4").tobytes()

    def test_a_painted_mask(self, editor):
        address, desk = editor
        act(address, do="add")
        status, _ = ask(f"{address}clips/0/paint/1/4", self.runs(64 * 10 + 5, 20, 64 * 38 - 25))
        assert status == 200
        settle(desk.opened(0))
        labels = desk.opened(0).session.results.labels(4)
        assert labels.sum() == 20 and (labels[10, 5:25] == 1).all()

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"abc",
            b"\0\0\0\0",
            b"\xff" * 8,
            np.array([3071], "<u4").tobytes(),
            np.array([3072, 1], "<u4").tobytes(),
        ],
    )
    def test_one_that_is_no_mask_of_this_clip(self, editor, data):
        address, desk = editor
        act(address, do="add")
        status, text = ask(f"{address}clips/0/paint/1/4", data)
        assert status == 400 and text.count(b"\n") == 1 and not desk.opened(0).session.document.marks(1)

    def test_one_that_is_too_large_is_not_read_to_its_end(self, editor):
        address, _ = editor
        act(address, do="add")
        with contextlib.suppress(OSError):  # the answer came, and the connection was closed, before all was sent
            assert ask(f"{address}clips/0/paint/1/4", b"\0" * (MOST_RUNS + 4))[0] == 400
        assert ask(f"{address}clips")[0] == 200

    @pytest.mark.parametrize(
        "data", [b"", b"[]", b"{", b"[" * 5000, b"\xff", b'"x"', b'{"do": "box"}', b" " * (MOST_JSON + 1)]
    )
    def test_requests_that_are_none(self, editor, data):
        address, _ = editor
        status, text = ask(f"{address}clips/0/act", data)
        assert status == 400 and text.count(b"\n") == 1 and b"Traceback" not in text

    def test_an_object_or_frame_that_is_not_there(self, editor):
        address, _ = editor
        assert ask(f"{address}clips/0/paint/9/4", self.runs(3072))[0] == 400
        act(address, do="add")
        assert ask(f"{address}clips/0/paint/1/30", self.runs(3072))[0] == 400

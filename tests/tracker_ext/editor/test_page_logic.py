"""What the page does without a page: geometry, brush, run lengths, what is said; run by node."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

from tracker_ext.editor.server import PAGE_FOLDER
from tracker_ext.editor.uploads import as_mask

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
MODULES = {"V": "view.js", "P": "paint.js", "M": "model.js", "K": "keys.js"}
MODEL = """
const model = M.newModel({frames: 10, width: 64, height: 48, maxGap: 60, out: "/out"});
const news = (more) => ({tick: 1, live: false, work: model.work, masks: [], ...more});
const object = (marks, more = {}) => ({id: 1, name: "dog", marks, follows: [], between: {}, tracked: [], ...more});
"""


def run(code: str):
    """The value of some code that ends with `return`."""
    imports = "".join(
        f"import * as {name} from {json.dumps((PAGE_FOLDER / file).as_uri())};" for name, file in MODULES.items()
    )
    script = f"{imports} {MODEL} console.log(JSON.stringify((() => {{ {code} }})()));"
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class TestView:
    def test_a_frame_is_fitted_and_a_point_goes_there_and_back(self):
        found = run(
            """const view = V.fit({width: 64, height: 48}, {width: 640, height: 600});
            const near = V.zoomAt(view, 3, {x: 100, y: 200}, 0.1);
            return [view, V.toImage(view, {x: 100, y: 200}), V.toImage(near, {x: 100, y: 200}), near.scale];"""
        )
        assert found[0] == {"scale": 10, "left": 0, "top": 60}
        assert found[1] == pytest.approx(found[2]) and found[3] == 30

    def test_the_frame_stays_in_sight(self):
        far = "V.kept({scale: 1, left: 5000, top: -5000}, {width: 64, height: 48}, {width: 640, height: 600})"
        found = run(f"return {far};")
        assert found["left"] <= 600 and found["top"] >= -48

    @pytest.mark.parametrize(
        "point, edges",
        [
            ((10, 30), "l"), ((50, 30), "r"), ((30, 10), "t"), ((30, 50), "b"), ((11, 12), "lt"), ((49, 52), "rb"),
            ((30, 30), ""), ((80, 30), ""), ((10, 80), ""),
        ],
    )  # fmt: skip
    def test_edges(self, point, edges):
        code = f"return V.edgesAt([10, 10, 40, 40], {{scale: 1, left: 0, top: 0}}, {{x: {point[0]}, y: {point[1]}}});"
        assert run(code) == edges

    def test_boxes_stay_in_the_frame(self):
        found = run(
            """const image = {width: 64, height: 48};
            return [V.boxBetween({x: 70, y: 50}, {x: 10, y: -4}, image),
                    V.stretched([10, 10, 20, 20], "l", {x: 40, y: 0}, image),
                    V.stretched([10, 10, 20, 20], "rb", {x: 90, y: 90}, image),
                    V.nudged([50, 10, 14, 20], 5, -20, image)];"""
        )
        assert found == [[10, 0, 54, 48], [30, 10, 10, 20], [10, 10, 54, 38], [50, 0, 14, 20]]


class TestPaint:
    def test_a_stroke_covers_what_lies_near_its_line(self):
        mask = run(
            "const m = new Uint8Array(20 * 30); P.stroke(m, 30, 20, {x: 5, y: 5}, {x: 20, y: 12}, 3, 1); return [...m];"
        )
        rows, columns = np.mgrid[:20, :30] + 0.5
        along = np.clip(((columns - 5) * 15 + (rows - 5) * 7) / (15**2 + 7**2), 0, 1)
        near = np.hypot(columns - 5 - along * 15, rows - 5 - along * 7) <= 3
        assert np.array_equal(np.reshape(mask, (20, 30)) == 1, near)

    def test_a_stroke_ends_at_the_frame(self):
        assert (
            run("const m = new Uint8Array(6); P.stroke(m, 3, 2, {x: -9, y: -9}, {x: 9, y: 9}, 50, 1); return [...m];")
            == [1] * 6
        )

    @pytest.mark.parametrize("seed", range(4))
    def test_run_lengths_are_what_the_server_reads(self, seed):
        mask = np.random.default_rng(seed).random((7, 9)) < (0.0, 0.3, 0.7, 1.0)[seed]
        found = run(f"return [...P.runs(Uint8Array.from({mask.astype(int).ravel().tolist()}))];")
        assert np.array_equal(as_mask(np.array(found, "<u4").tobytes(), (7, 9)), mask)

    def test_a_part_of_a_mask_goes_into_the_labels_and_others_stay(self):
        found = run(
            """const labels = Uint8Array.from([1, 1, 2, 0, 1, 2]);
            P.withMask(labels, Uint8Array.from([0, 1, 1, 0, 0, 0]), 1, 3, {left: 0, right: 2, top: 0, bottom: 0});
            return [...labels];"""
        )
        assert found == [0, 1, 1, 0, 1, 2]

    def test_outlines_are_solid(self):
        found = run(
            """const data = P.colours(new Uint8Array(25).fill(1), 5, 5, 0.5, new Uint8ClampedArray(100));
            return [data[3], data[4 * 12 + 3], [...data.slice(0, 3)]];"""
        )
        assert found == [230, 128, [230, 60, 60]]


class TestHint:
    """The one sentence that says what to do."""

    def hint(self, document: str, **more) -> str:
        changes = json.dumps(more)
        return run(f"M.update(model, {{...news({{document: {document}}}), ...{changes}}}); return M.hint(model, 1);")

    def test_from_nothing_to_the_end(self):
        idle = {"state": "idle", "left": 0, "error": "", "done": "", "rate": None}
        box = '{kind: "box", box: [1, 1, 9, 9]}'
        every = ", ".join(f"{frame}: [1, 1, 9, 9]" for frame in range(1, 9))
        whole = f"{{objects: [object({{0: {box}, 9: {box}}}, {{between: {{{every}}}}})], unreadable: []}}"
        good = [[frame, 1, {"1": 0.9}] for frame in range(10)]
        assert self.hint("{objects: [], unreadable: []}").startswith("Drag a box around the thing you want")
        assert self.hint("{objects: [object({})], unreadable: []}") == "Drag a box around dog, on any frame."
        assert self.hint(whole).startswith("Press Make masks")
        assert "no mask on 9 frames" in self.hint(f"{{objects: [object({{0: {box}}})], unreadable: []}}", live=True)
        assert self.hint(whole, live=True, masks=good).startswith("Done: every frame has its mask")
        bad = [*good[:-1], [9, 1, {"1": 0.3}]]
        assert self.hint(whole, live=True, masks=bad).startswith("1 frame looks doubtful")
        making = {**idle, "state": "making", "left": 40, "rate": 4}
        assert self.hint(whole, live=True, work=making).startswith("Making masks: 40 to go, about 10 s")
        assert "no such weights" in self.hint(whole, live=True, work={**idle, "error": "no such weights."})

    def test_the_worst_frames_first(self):
        masks = json.dumps([[0, 1, {"1": 0.6, "2": 0.9}], [1, 1, {"1": 0.8, "2": 0.2}], [2, 1, {"1": None}]])
        found = run(
            f"M.update(model, news({{masks: {masks}}})); return [M.doubtful(model), M.worstFrame(model, 1), "
            "M.worstFrame(model, null), M.worstFrame(model, 1, 0)];"
        )
        assert found == [[1, 0], 0, 1, 1]

    def test_not_here_up_to_the_next_word(self):
        document = '{objects: [object({2: {kind: "absent"}, 7: {kind: "absent"}})], unreadable: []}'
        found = run(
            f"M.update(model, news({{document: {document}}})); "
            "return [2, 3, 8].map((frame) => M.lastOfAbsence(model, 1, frame));"
        )
        assert found == [6, 6, 9]


class TestKeys:
    def test_no_key_does_two_things_and_each_is_explained(self):
        keys = run("return K.KEYS;")
        names = [name for known, _, _ in keys for name in known]
        assert len(names) == len(set(names))
        assert {what for _, what, text in keys if not text} == {"box-narrower", "box-wider", "box-lower", "box-higher"}

    def test_every_key_and_button_does_something(self):
        actions = (PAGE_FOLDER / "actions.js").read_text() + (PAGE_FOLDER / "app.js").read_text()
        buttons = [part.split('"')[0] for part in (PAGE_FOLDER / "index.html").read_text().split('data-act="')[1:]]
        for what in {*buttons, *(what for _, what, _ in run("return K.KEYS;"))}:
            named = (
                f'"{what}":' in actions or f" {what}:" in actions or f" {what}," in actions or f" {what} }}" in actions
            )
            assert named, what

    def test_what_is_typed_is_no_command(self):
        found = run(
            """const none = {ctrlKey: false, metaKey: false, altKey: false, shiftKey: false};
            const event = (key, more = {}) => ({key, ...none, ...more});
            return [K.actionOf(event("z", {ctrlKey: true})), K.actionOf(event("q")),
                    K.isTaken({tagName: "INPUT", type: "text"}, event("a")), K.isTaken({tagName: "CANVAS"}, event("a")),
                    K.isTaken({tagName: "INPUT", type: "range"}, event("a")),
                    K.isTaken({tagName: "INPUT", type: "range"}, event("ArrowLeft"))];"""
        )
        assert found == ["undo", None, True, False, False, True]

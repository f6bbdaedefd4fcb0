"""The review page without a browser: what it is told, and what its logic does where there is node."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess

import numpy as np
import pytest
from miniatures.review_job import AWKWARD, trust_rows, write_job

from ltr_ext.data.decisions import read_decisions
from ltr_ext.data.trust_table import Trust, TrustRow
from ltr_ext.errors import UserError
from tracker_ext.annotation.review.report_page import (
    FIELDS,
    PAGE_FOLDER,
    SPARK_POINTS,
    spark,
    summarise_rows,
    write_report,
)


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    out = write_job(tmp_path_factory.mktemp("job") / "out", 6, pictures=2)
    (out / "decisions.csv").write_text("sequence,decision,comment\nseq_00001,reject,no legs\n", encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def page(job) -> str:
    return write_report(job).read_text(encoding="utf-8")


def embedded(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def rows_of(page: str) -> dict[str, dict]:
    data = embedded(page)
    return {row[0]: dict(zip(data["fields"], row, strict=True)) for row in data["sequences"]}


def test_the_page_holds_every_sequence_whatever_its_name(page):
    rows = rows_of(page)
    assert len(rows) == 6 and AWKWARD in rows
    assert rows["seq_00001"]["decision"] == "reject" and rows["seq_00001"]["comment"] == "no legs"
    assert rows["seq_00000"]["pictures"] == [["1_00000001.jpg", "00000001", 0.9], ["2_00000002.jpg", "00000002", 0.9]]


def test_the_page_needs_nothing_from_elsewhere(page):
    """No address, no imported file: the only names it refers to are those of previews."""
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert re.findall(r"<(?:link|iframe|img|script)[^>]*(?:src|href)=", page.split('id="data"')[0]) == []
    assert "/*" not in re.sub(r"<style>.*?</style>", "", page.split('id="data"')[0], flags=re.S)


def test_writing_again_gives_the_same_page(job, page):
    assert write_report(job).read_text(encoding="utf-8") == page


def test_figures_of_a_sequence():
    rows = trust_rows("s", [0.9, 0.8, 0.1, 0.7, 0.6, 0.2, 0.9, 0.9, 0.9, 0.9], 0.8)
    nothing = Trust(0.0, 0.0, 0, 5.0, 0, False)
    absent = Trust(math.nan, math.nan, 0, math.nan, 0, False)
    rows += [TrustRow("s", 10, "x", 1, True, nothing), TrustRow("s", 11, "y", 1, False, absent)]
    found = summarise_rows(rows)
    assert found["frames"] == 12 and found["empty"] == 1 and found["jump"] == 5.0
    assert found["worst"] == pytest.approx((0 + 0.1 + 0.2) / 3, abs=1e-4)
    assert found["least"] == 0 and found["confidence"] == pytest.approx(6.9 / 11, abs=1e-4)
    assert found["spark"][-2:] == [0, -1]


def test_a_sequence_without_any_known_confidence():
    found = summarise_rows(trust_rows("s", [math.nan] * 3, math.nan))
    assert (found["confidence"], found["worst"], found["tightness"], found["spark"]) == (None, None, None, [-1] * 3)


def test_the_curve_keeps_the_worst_frame_of_a_long_sequence():
    values = np.full(1000, 0.9)
    values[617] = 0.05
    curve = spark(values)
    assert len(curve) == SPARK_POINTS and min(curve) == 5 and sorted(curve)[1] == 90


def test_a_missing_table_is_named(tmp_path):
    out = write_job(tmp_path / "out", 3)
    (out / "trust/seq_00001.csv").unlink()
    with pytest.raises(UserError, match=r"seq_00001\.csv"):
        write_report(out)


def test_not_a_job(tmp_path):
    with pytest.raises(UserError, match="no folder sequences"):
        write_report(tmp_path)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
class TestLogic:
    """`page/logic.js`, run by node."""

    def run(self, page: str, code: str):
        script = f"""
        const L = require({json.dumps(str(PAGE_FOLDER / "logic.js"))});
        Object.assign(globalThis, L);
        const {{ Review }} = require({json.dumps(str(PAGE_FOLDER / "review.js"))});
        const data = {json.dumps(embedded(page))};
        const s = L.unpack(data), made = new Map();
        const all = {{text: "", confidence: [0, 1], tightness: [0, 1], decision: "all", order: "worst"}};
        const names = (filter) => L.select(s, made, {{...all, ...filter}}).map((one) => one.name);
        console.log(JSON.stringify((() => {{ {code} }})()));
        """
        done = subprocess.run(["node", "-e", script], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def test_order_and_filters(self, page):
        found = self.run(
            page,
            """made.set("seq_00004", {choice: "flag", comment: ""});
            return [names({}), names({order: "name"}), names({decision: "reject"}), names({decision: "flag"}),
                    names({confidence: [0, 0.5]}), names({tightness: [0.97, 1]}), names({text: " ÖL"})];""",
        )
        worst_first = ["seq_00004", "seq_00003", "seq_00002", "seq_00001", "seq_00000", AWKWARD]
        assert found[0] == worst_first and found[1] == sorted(worst_first)
        assert found[2:] == [["seq_00001"], ["seq_00004"], ["seq_00004", "seq_00003"], [AWKWARD], [AWKWARD]]

    def test_what_is_exported_is_what_apply_reads(self, page, tmp_path):
        text = self.run(
            page,
            f"""made.set({json.dumps(AWKWARD)}, {{choice: "reject", comment: 'a "b",\\nc'}});
            made.set("seq_00001", {{choice: "accept", comment: ""}});
            return L.exportCsv(s, L.restore(L.store(made)));""",
        )
        (tmp_path / "d.csv").write_text(text, encoding="utf-8", newline="")
        decided = read_decisions(tmp_path / "d.csv")
        assert {name: d.choice for name, d in decided.items()} == {"seq_00001": "accept", AWKWARD: "reject"}
        assert decided[AWKWARD].comment == 'a "b",\nc'

    def test_damaged_memory_is_forgotten(self, page):
        assert (
            self.run(page, 'return [null, "", "{", "[1]", \'[["a", "burn"]]\'].map((t) => L.restore(t).size)')
            == [0] * 5
        )

    def test_levels_have_a_word_and_tightness_is_nothing_beside_a_bad_mask(self, page):
        found = self.run(
            page,
            """const t = (confidence, worst, tightness) => L.tightnessLevel({confidence, worst, tightness}).word;
            return [[null, 0, 0.69, 0.6999, 0.7, 0.79, 0.8, 1].map((v) => L.confidenceLevel(v).word),
                    [null, 0, 0.6949, 0.6999, 0.7, 1].map(L.percent),
                    [t(0.69, 0.6, 1), t(null, null, 1), t(0.9, 0.6, 1), t(0.9, 0.6, 0.4), t(0.9, 0.8, 1),
                     t(0.9, 0.8, null)]];""",
        )
        assert found[0] == ["unknown", "low", "low", "low", "fair", "fair", "good", "good"]
        assert found[1] == ["?", "0.00", "0.69", "<0.70", "0.70", "1.00"]
        assert found[2] == ["", "", "", "loose", "tight", ""]

    def test_the_filter_in_words(self, page):
        found = self.run(
            page,
            """return [{}, {text: " a "}, {confidence: [0, 0.5], tightness: [0.2, 1], decision: "none"}].map(
            (f) => L.describeFilter({...all, ...f}))""",
        )
        words = "confidence 0 to 0.5, tightness 0.2 to 1, undecided"
        assert found == ["", "name contains \u201c\u2068a\u2069\u201d", words]

    def test_every_step_can_be_undone_in_turn(self, page):
        """From the bulk decision back to what was applied; `u` on an applied decision is no step."""
        found = self.run(
            page,
            """const r = new Review('[["seq_00000", "flag", "why"]]'), start = L.store(r.made), texts = [];
            r.takeBack(s.find((one) => one.name === "seq_00001"));
            r.comment(s[0], "a"); r.comment(s[0], "ab"); r.leave(); r.comment(s[0], "abc");
            const words = r.decide(s, "reject");
            const steps = r.steps.length;
            while (r.steps.length) { r.undo(); texts.push(r.of(s[0]).comment); }
            return [words, steps, texts, L.store(r.made) === start, r.undo()];""",
        )
        assert found[0] == "5 sequences rejected (before: 4 undecided, 1 flagged)"
        assert found[1:] == [3, ["abc", "ab", "why"], True, None]

    def test_curve(self, page):
        path = self.run(page, "return L.sparkPath([100, 0, -1, 50], 40, 22)")
        assert path == "M0.0 1.0L5.0 1.0L15.0 21.0L20.0 21.0M30.0 11.0L35.0 11.0L40.0 11.0"


def test_the_fields_are_those_the_page_uses():
    code = (PAGE_FOLDER / "logic.js").read_text() + (PAGE_FOLDER / "page.js").read_text()
    used = set(re.findall(r"\b(?:sequence|s|a|b)\.([a-z]+)\b", code)) & set(FIELDS)
    assert set(FIELDS) - used <= {"jump", "parts", "confidence", "tightness"}

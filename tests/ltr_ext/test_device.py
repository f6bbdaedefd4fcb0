"""What a machine is asked for."""

from __future__ import annotations

import resource
import sys
from types import SimpleNamespace

import pytest

from ltr_ext.device import peak_memory


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
def test_peak_memory_is_in_bytes(monkeypatch, platform, unit):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=2_000_000))
    assert peak_memory() == 2_000_000 * unit

"""These tests are about minihost; on another host there is nothing to test."""

import pytest

from ltr_ext import host

HOST = host.resolve()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if HOST.name != "minihost":
        here = str(__file__).removesuffix("conftest.py")
        for item in items:
            if str(item.path).startswith(here):
                item.add_marker(pytest.mark.skip(reason=f"the host is {HOST.name}"))

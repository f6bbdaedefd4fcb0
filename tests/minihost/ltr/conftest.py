"""These tests are about minihost; on another host there is nothing to test."""

from ltr_ext import host

if host.resolve().name != "minihost":
    collect_ignore_glob = ["test_*.py"]

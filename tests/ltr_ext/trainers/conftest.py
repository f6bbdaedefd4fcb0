"""The host must be importable before the modules under test."""

from ltr_ext import host

host.resolve()

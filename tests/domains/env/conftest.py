"""Kinds that those of other files refer to."""

from __future__ import annotations

from pytest_readiness.core.domains import load_kinds

load_kinds()

"""The environment of this process, for programs that are started in it."""

from __future__ import annotations

import os


def environment() -> dict[str, str]:
    """Return a copy, also while another thread removes a variable, as pytest does for each test: `dict` breaks then."""
    return {name: value for name in list(os.environ) if (value := os.environ.get(name)) is not None}

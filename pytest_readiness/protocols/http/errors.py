"""How a request may end without an answer, where that is more than "could not verify"."""

from __future__ import annotations

from typing import Literal

from pytest_readiness.core.evidence import CouldNotVerify


class Untrusted(CouldNotVerify):
    """No verified TLS connection was established; the reason continues after "because"."""


class Broken(CouldNotVerify):
    """The connection ended before the answer did."""


class Nobody(CouldNotVerify):
    """Nothing answers on the port."""

    def __init__(self, reason: str, how: Literal["refused", "timeout"]) -> None:
        super().__init__(reason)
        self.how = how

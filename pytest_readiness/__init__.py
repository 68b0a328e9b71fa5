"""Production-readiness checklists as pytest tests against the real environment.

The names below are the public API for writing checks and facts; they are loaded on first use, because a pytest
plugin is imported in every run of the machine it is installed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "Attachment",
    "ClaimFalse",
    "CouldNotVerify",
    "Evidence",
    "NotDeclared",
    "Unreachable",
    "check",
    "claim",
    "fact",
    "sent",
]

if TYPE_CHECKING:
    from pytest_readiness.core.audit import sent
    from pytest_readiness.core.evidence import (
        Attachment,
        ClaimFalse,
        CouldNotVerify,
        Evidence,
        NotDeclared,
        Unreachable,
        claim,
    )
    from pytest_readiness.core.registry import check, fact


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pytest_readiness.core import audit, evidence, registry

    return getattr({"check": registry, "fact": registry, "sent": audit}.get(name, evidence), name)

"""Optional packages: what each extra of this package installs, and the message where one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from pytest_readiness.core.evidence import CouldNotVerify

MODULES: Mapping[str, tuple[str, ...]] = {
    "browser": ("playwright", "axe_playwright_python"),
    "dns": ("dns",),
    "jwt": ("jwt",),
    "openapi": ("openapi_spec_validator",),
    "postgres": ("psycopg",),
    "prometheus": ("prometheus_client",),
    "redis": ("redis",),
    "rst": ("docutils",),
    "source": ("detect_secrets", "tree_sitter", "tree_sitter_javascript", "tree_sitter_typescript"),
    "tls": ("sslyze",),
    "websocket": ("websockets",),
}
"""What each extra makes importable: distributions that are not installed have no metadata that would tell."""


def is_installed(extra: str) -> bool:
    """Whether all packages of the extra are installed; nothing is imported."""
    return all(map(_is_there, MODULES[extra]))


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def needed(what: str, extra: str) -> CouldNotVerify:
    """Return what to raise where `what`, a fact or a step of one, cannot go on without the extra."""
    return CouldNotVerify(f"{what} needs the extra {extra}: pip install 'pytest-readiness[{extra}]'")

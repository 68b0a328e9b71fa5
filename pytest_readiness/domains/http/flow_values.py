"""The values of `${…}` in a flow, and which of them may not be shown."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pytest_readiness.core.redact import Redactor
from pytest_readiness.domains.http.flow_steps import Value, fill, part_of, written
from pytest_readiness.domains.http.resource import Url


class FlowValues:
    """The values of one run of a flow, by name: those that are built in, and what steps capture.

    Args:
        hidden: secrets that are known from the beginning.

    Attributes:
        hide: replaces what may not be shown.
        begun: when the flow began.
        unique: the value of `${unique}`.
    """

    def __init__(self, hidden: Iterable[str]) -> None:
        self.begun = datetime.now(UTC)
        self.unique = f"r{secrets.token_hex(10)}"
        # Upper and lower case, a digit and a sign, for rules about passwords.
        password = f"Aa1-{secrets.token_urlsafe(18)}"
        self._values: dict[str, Any] = {
            "unique": self.unique,
            "password": password,
            "now": self.begun.isoformat(timespec="seconds"),
            "timestamp": int(self.begun.timestamp()),
        }
        self.hide = Redactor([password, *hidden])

    def keep(self, name: str, value: Any, *, secret: bool) -> None:
        """Give a name a value from now on."""
        if secret:
            self.hide.add(str(value))
        self._values[name] = value

    def fill(self, text: str, **more: str) -> str:
        """A text with the values in their places."""
        return fill(text, {**self._values, **more})

    def text(self, value: Value | str, to: Url) -> str:
        """A single value as text; a part of a credential is one that the url declares."""
        if part := part_of(value):
            return part.value(to)
        return self.fill(value) if isinstance(value, str) else written(value)

    def json(self, value: Any, to: Url) -> Any:
        """A value of JSON with the values in their places, at any depth."""
        if part_of(value):
            return self.text(value, to)
        if isinstance(value, Mapping):
            return {self.fill(name): self.json(child, to) for name, child in value.items()}
        if isinstance(value, list | tuple):
            return [self.json(child, to) for child in value]
        if isinstance(value, str):
            # A captured number stays one where it is the whole value.
            alone = re.fullmatch(r"\$\{(\w+)\}", value)
            return self._values[alone[1]] if alone else self.fill(value)
        return value

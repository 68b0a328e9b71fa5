"""What a check reports: evidence that the claim holds, that it does not, or that it could not look."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core.core_schema import CoreSchema

MAX_ATTACHMENT = 2 * 1024 * 1024
"""Bytes of one attachment: it travels in the report, and reports are mailed."""


class _InBase64:
    """Marks bytes that JSON holds in base64, without importing pydantic wherever evidence is used."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(
            lambda data: base64.b64encode(data).decode(), return_schema=core_schema.str_schema(), when_used="json"
        )
        return core_schema.no_info_before_validator_function(_bytes, handler(source), serialization=written)

    def __get_pydantic_json_schema__(self, *_: object) -> dict[str, str]:
        return {"type": "string", "contentEncoding": "base64"}


def _bytes(value: Any) -> Any:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to evidence: a screenshot, a log.

    Attributes:
        name: file name, as it is offered to the reader ("home-320px.png").
        media_type: what it is ("image/png", "text/plain").
        data: its bytes, at most 2 MiB.

    Raises:
        ValueError: it is larger.
    """

    name: str
    media_type: str
    data: Annotated[bytes, _InBase64()]

    def __post_init__(self) -> None:
        if len(self.data) > MAX_ATTACHMENT:
            raise ValueError(f"the attachment {self.name} is larger than {MAX_ATTACHMENT} bytes")

    @classmethod
    def of_base64(cls, name: str, media_type: str, text: str) -> Attachment:
        """Return the attachment of which `text` holds the bytes in base64."""
        return cls(name, media_type, base64.b64decode(text, validate=True))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen when a claim holds.

    Attributes:
        text: one line, with figures ("valid for 57 more days, until 2026-03-01").
        warning: why someone should still look; the test passes, and the report shows it.
        attachments: files that show it.
    """

    text: str
    warning: str = ""
    attachments: tuple[Attachment, ...] = ()


class ClaimFalse(AssertionError):
    """The claim was looked at and is not true.

    Args:
        expected: what the claim asks for ("max-age of at least 31536000 s").
        seen: what was there instead, with figures ("max-age=300").
        remedy: what to do about it, where that differs from the check's own remedy.
        attachments: files that show it.
    """

    def __init__(self, expected: str, seen: str, *, remedy: str = "", attachments: tuple[Attachment, ...] = ()) -> None:
        super().__init__(f"expected {expected}; seen: {seen}")
        self.expected = expected
        self.seen = seen
        self.remedy = remedy
        self.attachments = attachments


class CouldNotVerify(Exception):
    """The claim could not be judged: whether it is true is unknown.

    Args:
        reason: a clause without a full stop that names what was tried and what happened
            ("GET https://shop.example.com/ was answered by a reset connection").
        transient: the failure is of a kind that often passes; the fact is then read a second time.
    """

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.transient = transient


class Unreachable(CouldNotVerify):
    """The resource's place (its engine, its server) did not answer.

    What else was to be read there in the same way, of other resources too, is no longer tried. What is wrong with
    one resource of a place that answers is a plain `CouldNotVerify`.
    """


class NotDeclared(Exception):
    """The target does not declare what the check needs to look at; the item stays unverified.

    Args:
        reason: a clause that names the missing declaration ("shop declares no readiness path").
    """


_NEEDED: dict[type, dict[str, tuple[type, ...]]] = {
    Evidence: {"text": (str,), "warning": (str,)},
    # Whatever has a text is as good as that: that the claim is false must not be lost.
    ClaimFalse: {"expected": (object,), "seen": (object,), "remedy": (str,)},
    CouldNotVerify: {"reason": (str,), "transient": (bool,)},
}


def flaw(said: object) -> str:
    """Return what makes an outcome unusable, as a clause, or "".

    An outcome may be of a subclass, whose constructor need not call that of its base.
    """
    try:
        return _flaw(said)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (the class may be anyone's)
        return f"its {type(said).__name__} cannot be read: {type(error).__name__}"


def _flaw(said: object) -> str:
    name = type(said).__name__
    for kind, needed in _NEEDED.items():
        for attribute, types in needed.items() if isinstance(said, kind) else ():
            if not hasattr(said, attribute):
                return f"its {name} has no '{attribute}', as its __init__ does not call that of {kind.__name__}"
            value = getattr(said, attribute)
            if not isinstance(value, types):
                wanted = "a text" if str in types else "True or False"
                return f"'{attribute}' of its {name} is of the type {type(value).__name__}, not {wanted}"
    attachments = getattr(said, "attachments", ()) if isinstance(said, (Evidence, ClaimFalse)) else ()
    if not isinstance(attachments, (tuple, list)) or not all(map(_is_whole, attachments)):
        return f"its {name} has 'attachments' that are not each an Attachment of two texts and bytes"
    if isinstance(said, (CouldNotVerify, NotDeclared)):
        str(said)
    elif isinstance(said, ClaimFalse):
        f"{said.expected}{said.seen}"
    return ""


def _is_whole(attachment: object) -> bool:
    if not isinstance(attachment, Attachment):
        return False
    texts = attachment.name, attachment.media_type
    return isinstance(attachment.data, bytes) and all(isinstance(text, str) for text in texts)


def claim(holds: bool, *, expected: str, seen: str, remedy: str = "", attachments: tuple[Attachment, ...] = ()) -> None:
    """Raise `ClaimFalse` unless `holds`."""
    if not holds:
        raise ClaimFalse(expected, seen, remedy=remedy, attachments=attachments)

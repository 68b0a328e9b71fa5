"""Records in which less is known, or something else: what a check says of them must not be a pass.

`tests.judging.judge` tries every variation on every record that a test judges. A verdict may become "could not
verify" or a failure. It may not become a pass that was none before; and nothing at all proves nothing, so a check does
not pass on an emptied record, whatever it said before. What is right nevertheless is in `CURES`, with its reason.
"""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeGuard

from pydantic import SecretStr

from pytest_readiness.core import clock
from pytest_readiness.core.evidence import Evidence
from pytest_readiness.core.registry import FACTS
from pytest_readiness.core.resources import Resource

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LATER = timedelta(days=400)
MOST_PLACES = 30
"""Of a record in which None may be; more are like those."""

_FINDING = "what was found was in the lost half, and the record does not say that it is one"
_NONE = "nothing there is what is claimed, or what the check is content with"
_TRIED = "the reading makes all tries, or fails"
_FAILED = "the text says what failed: without it, nothing has"
_CLOSED = "a connection that is closed, between answers that are as usual, is a refusal"
_NAMED = "what names the release's commit is not older than it"
CURES: dict[str, dict[str, str]] = {
    "artifact.coverage": {"without coverage_table.origin.made": _NAMED},
    "artifact.image_scan": {"without tool_findings.database": "it then warns that nobody knows"},
    "artifact.junit": {"without test_report.origin.made": _NAMED},
    "artifact.sarif": {"without tool_findings.origin.made": _NAMED},
    "browser.flow": {"emptied": _FAILED},
    "container.healthy": {"without container_facts.state.health.last_s": "it then warns that nobody knows"},
    "container.memory_limit": {"emptied": "the limit is a number"},
    "container.no_docker_socket": {
        "emptied": _NONE,
        "halved": _FINDING,
        "without container_facts.state.mounts.real": "records of earlier versions hold the source alone",
    },
    "container.not_privileged": {"emptied": "privileged is not a text"},
    "dns.dnssec": {"halved": _FINDING},
    "dns.propagated": {"halved": "texts that differ at their end are the same"},
    "dns.registration": {
        "halved": _FINDING,
        "without registration.deleted": "few registries give a day of deletion, and none need to",
    },
    "env.live_keys": {"halved": _FINDING},
    "env.no_placeholders": {"halved": _FINDING},
    "http.bundle": {"emptied": _NONE, "halved": _FINDING, "without assets.inline": _NONE},
    "http.cors": {"renamed": "a foreign origin becomes the site's own"},
    "http.csrf": {"halved": _FINDING},
    "http.errors": {"emptied": _NONE, "halved": _FINDING},
    "http.flow": {"emptied": "the steps that hold are numbers", "without http_flow.failed": _FAILED},
    "http.host_header": {"without probes.answer": _CLOSED},
    "http.methods": {"without probes.answer": _CLOSED},
    "http.metrics": {"emptied": "it is closed by its status", "halved": _FINDING},
    "http.openapi": {"emptied": "only a document that is valid gets there", "halved": _FINDING},
    "http.page_weight": {"emptied": _NONE, "halved": _FINDING},
    "http.response_time": {"renamed": "where it leads to becomes the path itself"},
    "http.role_forbidden": {"halved": _FINDING},
    "http.security_headers": {"emptied": "grade F is asked for", "without plain_response.answer": _NONE},
    "http.upload_limit": {"halved": _FINDING},
    "http.versioned_api": {"emptied": "the path has the version; the status answers"},
    "http.webhook_signature": {"halved": _FINDING},
    "http.websocket": {"emptied": _FAILED},
    "http.xss_protection": {"emptied": _NONE},
    "image.pinned": {"emptied": "the declaration names the digest"},
    "mail.auth": {"emptied": "nothing is offered before TLS; the reply is a number"},
    "mail.not_open_relay": {"emptied": _TRIED, "halved": _FINDING},
    "mail.reachable": {"emptied": "it is reached"},
    "mail.received": {"emptied": _TRIED, "without mail_flow.failed": _FAILED},
    "mail.test_message": {"emptied": _TRIED},
    "mail.wrong_password": {"emptied": "the reply is a number"},
    "postgres.connects": {"emptied": "a session is there"},
    "postgres.role": {"halved": _FINDING},
    "postgres.version_supported": {"emptied": "the version is a number"},
}
"""By check and variation, why a record that was changed so may be a pass."""


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _is_record(value: object) -> TypeGuard[DataclassInstance]:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return the record with each text and each collection changed, what is inside first."""
    if _is_record(value):
        hints = _hints(type(value))
        new = {
            each.name: _changed(getattr(value, each.name), change)
            for each in dataclasses.fields(value)
            if each.init and "Literal" not in repr(hints[each.name])
        }
        return dataclasses.replace(value, **new)
    if isinstance(value, Mapping):
        return change({key: _changed(each, change) for key, each in value.items()})
    if type(value) in (tuple, frozenset):
        return change(type(value)(_changed(each, change) for each in value))
    return change(value)


def _empty(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return SecretStr("")
    return type(value)() if type(value) in (str, bytes, tuple, frozenset, dict) else value


def _half(value: Any) -> Any:
    if type(value) is dict:
        return dict(list(value.items())[: len(value) // 2])
    return value[: len(value) // 2] if type(value) in (str, bytes, tuple) else value


def _rename(value: Any, names: tuple[str, ...]) -> Any:
    if type(value) is dict:
        return {_rename(key, names): each for key, each in value.items()}
    if type(value) is str:
        for name in names:
            value = value.replace(name, "elsewhere")
    return value


def _optional(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield each way from the record to a field that may be None and is not."""
    inside: Iterator[tuple[Any, Any]] = iter(())
    if _is_record(value):
        hints = _hints(type(value))
        for each in dataclasses.fields(value):
            if each.init and getattr(value, each.name) is not None and type(None) in typing.get_args(hints[each.name]):
                yield (*at, each.name)
        inside = ((each.name, getattr(value, each.name)) for each in dataclasses.fields(value))
    elif isinstance(value, Mapping):
        inside = iter(value.items())
    elif type(value) is tuple:
        inside = enumerate(value)
    for key, each in inside:
        yield from _optional(each, (*at, key))


def _without(value: Any, at: tuple[Any, ...]) -> Any:
    """Return the record with None at the end of a way."""
    if not at:
        return None
    head, *rest = at
    if isinstance(value, Mapping):
        return {**value, head: _without(value[head], tuple(rest))}
    if type(value) is tuple:
        return (*value[:head], _without(value[head], tuple(rest)), *value[head + 1 :])
    return dataclasses.replace(value, **{head: _without(getattr(value, head), tuple(rest))})


def _variations(records: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is done, and the records (by fact) after it."""

    def all_changed(change: Callable[[Any], Any]) -> dict[str, Any]:
        def changed(fact: str, record: Any) -> Any:
            if FACTS[fact].asking == "ask":
                # The scheduler gives an answer to each question, or none at all.
                return {asked: _changed(each, change) for asked, each in record.items()}
            return _changed(record, change)

        return {fact: changed(fact, record) for fact, record in records.items()}

    yield "emptied", all_changed(_empty)
    yield "halved", all_changed(_half)
    yield "renamed", all_changed(partial(_rename, names=names))
    for fact, record in records.items():
        for at in islice(_optional(record), MOST_PLACES):
            name = ".".join(key for key in at if isinstance(key, str) and key.isidentifier())
            yield f"without {fact}.{name}", {**records, fact: _without(record, at)}


@contextmanager
def _later() -> Iterator[None]:
    before = os.environ.get(clock.VARIABLE)
    os.environ[clock.VARIABLE] = (clock.now() + LATER).isoformat()
    try:
        yield
    finally:
        if before is None:
            del os.environ[clock.VARIABLE]
        else:
            os.environ[clock.VARIABLE] = before


def new_passes(
    id: str,
    judge: Callable[[Mapping[str, Any]], Evidence],
    records: Mapping[str, Any],
    resource: Resource,
    parameters: Mapping[str, Any],
    passed: bool,
) -> list[str]:
    """Return the variations after which a check passes and must not.

    Args:
        id: of the check.
        judge: judges by records.
        records: what was read, by fact.
        resource: what they are of.
        parameters: of the check.
        passed: what it said of the records as they are.
    """

    def passes(changed: Mapping[str, Any]) -> bool:
        try:
            judge(changed)
        except Exception:  # noqa: BLE001 - whatever it is, it is no pass
            return False
        return True

    texts = (resource.name, getattr(resource, "host", None), *parameters.values())
    names = tuple(sorted({text for text in texts if isinstance(text, str) and len(text) > 2}, key=len, reverse=True))
    found = [
        done
        for done, changed in _variations(records, names)
        if (not passed or done == "emptied") and done not in CURES.get(id, {}) and passes(changed)
    ]
    with _later():
        return found if passed or not passes(records) else [*found, "aged"]

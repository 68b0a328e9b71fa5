"""Descriptions of APIs by OpenAPI 3: whether one is valid, its GET operations, and whether an answer is as declared.

Its schemas hold regular expressions from outside, so only the process of `describing` calls this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.text import cut
from pytest_readiness.protocols.http.addresses import origin
from pytest_readiness.protocols.http.answer import Response

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.protocols import Validator

MAX_NODES = 200_000
"""Values in one description; a small text can mean many by YAML's aliases."""

Document = Mapping[str, Any]
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)


class InvalidError(ValueError):
    """A description is not valid; the message is a clause."""


@dataclass(frozen=True, slots=True)
class Get:
    """A GET operation that takes no required parameter.

    Attributes:
        path: as the description names it.
        address: absolute; "" where the description names no server on the endpoint's own origin.
        guarded: it needs a credential.
        streams: it is answered by a stream of events, which does not end.
    """

    path: str
    address: str
    guarded: bool
    streams: bool


@dataclass(frozen=True, slots=True)
class Described:
    """A description as it was read.

    Attributes:
        fault: why it is not valid, as a clause; "" where it is.
        version: of OpenAPI; "" where it is no description of an API.
        paths: how many it describes.
        operations: its GET operations without required parameters.
        named: every operation ("GET /orders").
        bare: those of them without an answer that has a description or a schema.
    """

    fault: str
    version: str = ""
    paths: int = 0
    operations: tuple[Get, ...] = ()
    named: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()


def read(text: str, address: str) -> tuple[Document, Described]:
    """A description that came from an address, and what is in it.

    Raises:
        CouldNotVerify: it is too large or depends on other documents.
    """
    try:
        document = load(text)
    except InvalidError as error:
        return {}, Described(str(error))
    version, paths = str(document["openapi"]), len(document.get("paths") or ())
    if problem := fault(document):
        return document, Described(problem, version, paths)
    every = {
        f"{method.upper()} {path}": operation
        for path, item in (document.get("paths") or {}).items()
        for method, operation in _resolved(document, item).items()
        if method in _METHODS
    }
    bare = (name for name, each in every.items() if not any(map(_says, _answers(document, each).values())))
    return document, Described("", version, paths, tuple(get_operations(document, address)), tuple(every), tuple(bare))


def _says(answer: Document) -> bool:
    described = re.fullmatch(r"\W*(?:(?:todo|tbd|fixme)\b.*)?", str(answer.get("description") or ""), _ANY) is None
    return described or bool(answer.get("content"))


_ANY = re.IGNORECASE | re.DOTALL


_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


def load(text: str) -> Document:
    """The description in a text of JSON or YAML.

    Raises:
        InvalidError: it is not one of OpenAPI 3.
        CouldNotVerify: it is too large or depends on other documents.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        try:
            document = YAML(typ="safe", pure=True).load(text)
        except (YAMLError, ValueError, RecursionError):
            raise InvalidError("neither JSON nor YAML") from None
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3."):
        old = isinstance(document, dict) and "swagger" in document
        raise InvalidError("a document of Swagger 2, not OpenAPI 3" if old else "not a document of OpenAPI 3")
    for number, (key, value) in enumerate(_walk(document)):
        if number > MAX_NODES:
            raise CouldNotVerify(f"the description holds more than {MAX_NODES} values")
        if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
            raise CouldNotVerify(f"the description depends on another document, which was not read: {cut(value, 100)}")
    # Of YAML this leaves what JSON can say: a status is a text, a date too.
    plain: Document = json.loads(json.dumps(document, default=str, skipkeys=True))
    return plain


def _walk(document: Any) -> Iterator[tuple[Any, Any]]:
    pending: list[tuple[Any, Any]] = [("", document)]
    while pending:
        key, value = pending.pop()
        yield key, value
        if isinstance(value, dict):
            pending += value.items()
        elif isinstance(value, list):
            pending += [("", each) for each in value]


def fault(document: Document) -> str:
    """The first thing that is wrong with a description, as a clause; "" where it is valid."""
    from jsonschema.exceptions import ValidationError
    from openapi_spec_validator import validate
    from openapi_spec_validator.exceptions import OpenAPIError
    from referencing.exceptions import Unresolvable

    try:
        validate(document)
    except ValidationError as error:
        where = "/".join(map(str, error.absolute_path))
        return f"{cut(error.message, 160)}{f' (at {cut(where, 100)})' if where else ''}"
    except Unresolvable as error:
        return f"{cut(str(error.ref), 100)} leads nowhere"
    except OpenAPIError as error:
        return cut(str(error), 200) or f"version {cut(str(document['openapi']), 20)} is not known"
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        return f"it cannot be read completely ({type(error).__name__})"
    return ""


def get_operations(document: Document, address: str) -> list[Get]:
    """The GET operations of a valid description, read from an address, that take no required parameter."""
    found = []
    for path, item in document.get("paths", {}).items():
        item = _resolved(document, item)
        operation = item.get("get")
        if not operation or "{" in path:
            continue
        parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
        if any(_resolved(document, parameter).get("required") for parameter in parameters):
            continue
        servers = operation.get("servers") or item.get("servers") or document.get("servers") or [{"url": "/"}]
        roots = (root for server in servers if (root := _root(server, address)))
        own = next((root for root in roots if origin(root) == origin(address)), "")
        security = operation.get("security", document.get("security", []))
        kinds = {kind for answer in _answers(document, operation).values() for kind in answer.get("content", {})}
        found.append(
            Get(
                path,
                own.rstrip("/") + path if own else "",
                bool(security) and {} not in security,
                kinds == {"text/event-stream"},
            )
        )
    return found


def _root(server: Document, address: str) -> str:
    variables = server.get("variables", {})
    url = re.sub(r"\{([^{}]+)\}", lambda name: str(variables.get(name[1], {}).get("default", "")), server["url"])
    try:
        joined = urljoin(address, url)
        _ = origin(joined)
    except ValueError:
        return ""
    return joined


def _resolved(document: Document, value: Any) -> Any:
    for _ in range(10):
        if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
            break
        value = _at(document, value["$ref"])
    return value


def _at(document: Any, pointer: str) -> Any:
    for part in pointer.removeprefix("#").split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        document = document[int(part) if isinstance(document, list) else part]
    return document


def _answers(document: Document, operation: Document) -> dict[str, Any]:
    """The declared answers by status."""
    return {status: _resolved(document, answer) for status, answer in operation.get("responses", {}).items()}


def undeclared(document: Document, path: str, answer: Response) -> str:
    """How an answer to a GET operation differs from what is declared, as a clause without its content, or ""."""
    operation = _resolved(document, document["paths"][path])["get"]
    declared = _answers(document, operation)
    status = str(answer.status)
    key = next((each for each in (status, f"{status[0]}XX", f"{status[0]}xx", "default") if each in declared), None)
    if answer.status >= 500 or key is None:
        return f"{status}, declared: {', '.join(sorted(declared))}"
    content = declared[key].get("content", {})
    if not content:
        return ""
    kind = answer.header("content-type").partition(";")[0].strip().lower()
    wider = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    declared_kinds = {each.partition(";")[0].strip().lower(): each for each in content}
    match = next((declared_kinds[each] for each in wider if each in declared_kinds), None)
    if match is None:
        return f"{status} with {cut(kind, 60) or 'no Content-Type'}, declared: {', '.join(sorted(content))}"
    if kind != "application/json" and not kind.endswith("+json"):
        return ""
    if not answer.as_utf8:
        return f"{status} with {kind} that is not in UTF-8"
    try:
        value = json.loads(answer.body, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return f"{status} with {kind} that is not JSON"
    schema = content[match].get("schema")
    if schema is None:
        return ""
    try:
        error = min(_validator(document, schema).iter_errors(value), key=lambda error: len(error.path), default=None)
    except RecursionError:
        return f"{status} with JSON that is too deep"
    if not error:
        return ""
    rule = f"format {cut(str(error.validator_value), 40)}" if error.validator == "format" else str(error.validator)
    return f"{status} whose {cut(error.json_path, 80)} is not as the schema says ({rule})"


def _no_json(constant: str) -> Any:
    """What Python reads, and no other reader of JSON (NaN, Infinity)."""
    raise ValueError(constant)


def _validator(document: Document, schema: Any) -> Validator:
    from openapi_schema_validator import OAS30ReadValidator, OAS31Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT4, DRAFT202012

    old = str(document["openapi"]).startswith("3.0")
    # The schema is looked up within the document, so that what it refers to is found there, too.
    resource = (DRAFT4 if old else DRAFT202012).create_resource({**document, "x-asked": schema})
    registry: Registry[Any] = Registry().with_resource("urn:document", resource)
    dialect: type[Validator] = OAS30ReadValidator if old else OAS31Validator
    return dialect({"$ref": "urn:document#/x-asked"}, registry=registry, format_checker=_formats())


@cache
def _formats() -> FormatChecker:
    """What texts and numbers must be like that are declared with a `format`; the libraries leave it out unasked."""
    from jsonschema import FormatChecker

    formats = FormatChecker(("date", "email", "ipv4", "ipv6", "uuid"))
    formats.checks("date-time")(_is_moment)
    for bits in (32, 64):
        formats.checks(f"int{bits}")(partial(_has_bits, bits))
    return formats


def _has_bits(bits: int, value: object) -> bool:
    return not isinstance(value, int) or isinstance(value, bool) or -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _is_moment(value: object) -> bool:
    """Whether a text is a date and time with its zone (RFC 3339 section 5.6); what is no text has another rule."""
    if not isinstance(value, str):
        return True
    found = _MOMENT.fullmatch(value)
    with suppress(ValueError):
        return bool(found) and bool(datetime.fromisoformat(value[:17].upper() + min(value[17:19], "59")))
    return False

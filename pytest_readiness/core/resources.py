"""The base of resources, and the table of their kinds: a model registers itself when it is declared."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin
from urllib.parse import SplitResult, unquote

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    SecretStr,
    ValidationInfo,
)
from pydantic_core.core_schema import CoreSchema, with_info_after_validator_function

from pytest_readiness.core.names import refusal
from pytest_readiness.core.problems import RegistrationError, nearest
from pytest_readiness.core.spelling import spelled

NAME = r"^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$"
_OF_NAMES = "a word of letters, digits, '_', '.' and '-', such as shop-2"


def anchored(path: Path, info: ValidationInfo) -> Path:
    """Return a path of readiness.yaml as from the folder that the file is in."""
    return Path((info.context or {}).get("base", ".")) / path.expanduser()


@dataclass(frozen=True, slots=True)
class Named:
    """Marks a check's parameter as the name of a declared resource of this kind; bindings refuse other names."""

    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return with_info_after_validator_function(self._declared, handler(source))

    def _declared(self, value: str, info: ValidationInfo) -> str:
        known: frozenset[str] | None = (info.context or {}).get("declared", {}).get(self.kind)
        if known is not None and value not in known:
            raise ValueError(f"no target declares a {word(self.kind)} named '{value}'.{nearest(value, known)}")
        return value


@dataclass(frozen=True, slots=True)
class Reference:
    """Marks a resource's field as the name of another resource of the same target, of this kind.

    Attributes:
        kind: of the resource that is named.
        through: the resource is reached through that one, so that it has its place.
    """

    kind: str
    through: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return with_info_after_validator_function(self._declared, handler(source))

    def _declared(self, value: str | None, info: ValidationInfo) -> str | None:
        names: Mapping[str, Collection[str]] | None = (info.context or {}).get("names")
        known = names.get(self.kind, ()) if names is not None else None
        if value is not None and known is not None and value not in known:
            raise ValueError(f"the target declares no {word(self.kind)} named '{value}'.{nearest(value, known)}")
        return value


AnchoredPath = Annotated[Path, AfterValidator(anchored)]
KINDS: dict[str, type[Resource]] = {}
"""The model of each kind by the name of its fixture; that of all variants of a section too (`database`)."""
SECTIONS: dict[str, type[Resource]] = {}
"""The model of each section of readiness.yaml; where it has several, their base, which tells them apart."""


@dataclass(frozen=True, slots=True)
class Variants:
    """How the models of one section are told apart.

    Attributes:
        by: key of readiness.yaml whose value is the `variant` of a model ("engine").
        scheme_of: field with an address whose scheme, one of the model's `schemes`, says it too; "" for none.
    """

    by: str
    scheme_of: str = ""


class Resource(BaseModel):
    """A thing in a target that facts can be read from.

    A class that names its `kind` or its `section`, and has both, is a kind. Where a section has several models, their
    base names kind and section and sets `variants`; the base's own fixture then covers all of them.

    Attributes:
        name: unique among its kind in the target; shown in test ids.
        labels: free words that bindings may select by (`on: public`).

    Raises:
        RegistrationError: another class has the kind or the section.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: ClassVar[str]
    """Name of its fixture."""
    section: ClassVar[str]
    """Key in readiness.yaml."""
    main: ClassVar[str]
    """Field that a plain text is taken for (`shop: https://shop.example.com`)."""
    name_suffices: ClassVar[bool] = False
    """Whether a null is a whole declaration (`web:`)."""
    variants: ClassVar[Variants | None] = None
    """How the models of its section are told apart, where there are several."""
    variant: ClassVar[str] = ""
    """Which of them it is; default: its kind."""
    schemes: ClassVar[tuple[str, ...]] = ()
    """Schemes of addresses that are of this variant."""

    name: Annotated[str, spelled(NAME, _OF_NAMES, max_length=64)]
    labels: tuple[Annotated[str, spelled(NAME, _OF_NAMES)], ...] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        named = vars(cls).keys() & {"kind", "section"}
        if named and hasattr(cls, "kind") and hasattr(cls, "section"):
            _register(cls)

    @classmethod
    def models(cls) -> dict[str, type[Resource]]:
        """The models of its section by variant, in alphabetical order."""
        found = [each for each in KINDS.values() if each.section == cls.section and not _is_base(each)]
        return {each.variant or each.kind: each for each in sorted(found, key=lambda each: each.variant or each.kind)}

    @classmethod
    def model_of(cls, fields: Mapping[str, Any]) -> type[Resource] | None:
        """The model of its section that these fields are of, as written; None where they do not say."""
        if cls.variants is None:
            return cls
        models = cls.models()
        given, address = fields.get(cls.variants.by), fields.get(cls.variants.scheme_of)
        if given is None and isinstance(address, str):
            first, _, _ = address.lower().partition(":")
            # Behind a driver, a quote or a name and "=" the scheme is none, which the model's own words then tell.
            schemes = (first, *re.findall(r"(?<![a-z0-9])[a-z][a-z0-9]*(?=[+:])", address.lower()))
            return next((model for each in schemes for model in models.values() if each in model.schemes), None)
        return models.get(given) if isinstance(given, str) else None

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Every kind that it counts as: its own, then those of its base classes."""
        named = (base.kind for base in cls.__mro__ if issubclass(base, Resource) and hasattr(base, "kind"))
        return tuple(dict.fromkeys(named))

    @classmethod
    @cache
    def references(cls) -> Mapping[str, Reference]:
        """Its fields that name another resource."""
        marks = (
            (name, mark)
            for name, field in cls.model_fields.items()
            for mark in (*field.metadata, *_marks(field.annotation))
        )
        return {name: mark for name, mark in marks if isinstance(mark, Reference)}

    @property
    def key(self) -> str:
        """Identity within a target, over all kinds."""
        return f"{self.kind}:{self.name}"

    @property
    def where(self) -> str:
        """What a person calls it, without secrets."""
        return self.name

    @property
    def place(self) -> str:
        """What answers when it is read, without secrets: resources of one place share limits, and are dead together.

        An engine, a server, an API's host; by default it is a place of its own.
        """
        return self.key

    def secrets(self) -> tuple[str, ...]:
        """Every secret text that it holds, for the redactor."""
        return tuple(secrets_in(self.__dict__.values()))


def _is_base(model: type[Resource]) -> bool:
    return vars(model).get("variants") is not None


def _marks(hint: object) -> Iterator[object]:
    """What a type is annotated with or, of several, any of them."""
    if get_origin(hint) is Annotated:
        of, *marks = get_args(hint)
        yield from (*marks, *_marks(of))
    elif get_origin(hint) in (Union, UnionType):
        for each in get_args(hint):
            yield from _marks(each)


_TEXTS = ("where", "place")
"""What every resource tells of itself."""
_FIXED = ("key", "kinds", "references", "models", "model_of")
"""What is the same for every kind: the package tells resources and kinds apart by it."""


def _register(model: type[Resource]) -> None:
    place, kind, section = _place(model), model.kind, model.section
    if not kind.isidentifier() or not section.isidentifier():
        raise RegistrationError(f"'{kind}' in '{section}': a kind and a section are plain words.", model.__module__)
    if refused := refusal(kind, "kind"):
        raise RegistrationError(refused, model.__module__)
    for name in _FIXED:
        if inspect.getattr_static(model, name) is not vars(Resource)[name]:
            raise RegistrationError(
                f"The kind '{kind}' has a '{name}' of its own, by which every resource is told from others. Name it "
                "otherwise.",
                model.__module__,
            )
    for name in _TEXTS:
        if not isinstance(inspect.getattr_static(model, name), (property, cached_property, str)):
            raise RegistrationError(
                f"The kind '{kind}' must tell its '{name}' by a property (@property) that returns a text.",
                model.__module__,
            )
    if not hasattr(model, "main") or model.main not in model.model_fields:
        raise RegistrationError(
            f"The kind '{kind}' must name by 'main' the field that a plain text stands for.", model.__module__
        )
    if taken := sorted(model.model_fields.keys() & (vars(Resource).keys() - Resource.model_fields.keys())):
        raise RegistrationError(
            f"The kind '{kind}' has a field '{taken[0]}', which has a meaning of its own in every resource.",
            model.__module__,
        )
    if kind in KINDS and _place(KINDS[kind]) != place:
        raise RegistrationError(
            f"There is already a kind of resource '{kind}', in {KINDS[kind].__module__}.", model.__module__
        )
    first = SECTIONS.get(section, model)
    # A variant is declared in its base's section.
    base = next((each for each in model.__mro__ if issubclass(each, Resource) and _is_base(each)), model)
    if _place(first) != _place(base) or getattr(base, "section", section) != section:
        raise RegistrationError(
            f"The section '{section}' is that of {first.__name__}, in {first.__module__}; "
            f"the kind '{kind}' must have a section of its own, or be a variant of it.",
            model.__module__,
        )
    KINDS[kind] = model
    SECTIONS[section] = base


def _place(model: type[Resource]) -> tuple[str, str]:
    """Where a class is defined, though its file may be imported twice: by pytest and as an extension."""
    return getattr(sys.modules.get(model.__module__), "__file__", None) or model.__module__, model.__qualname__


_NO_HOST = re.compile(r"[\s\x00-\x20\x7f!\"#%&'()*+,/;<=>?@\\^`|~]")
"""Signs that stand in no name and no IP address; those of a variable are left alone, which may not be known."""
_LOGIN = re.compile(r"[^\s\x00-\x1f\x7f'\"`\\;&<>|(){}$@-][^\s\x00-\x1f\x7f'\"`;&<>|(){}$]*")
"""What ssh takes as a user or a host on its command line: it may stand in commands of its configuration."""


def checked_port(parts: SplitResult) -> None:
    """Refuse the port of an address that is read from readiness.yaml, where it has one that nothing listens on.

    Raises:
        ValueError: it is not a number from 1 to 65535.
    """
    if parts.port == 0:
        raise ValueError("the port must be a number from 1 to 65535")


def checked_host(host: str) -> None:
    """Refuse a text that is read from readiness.yaml as a host, and cannot be a name or an IP address.

    Raises:
        ValueError: DNS has no such names (RFC 1035 2.3.4, RFC 3490), or it has a sign that no host has.
    """
    if sign := _NO_HOST.search(host):
        raise ValueError(f"{host!r} is not a host name: no host has the sign {sign[0]!r}")
    try:
        host.encode("idna")
    except UnicodeError:
        raise ValueError(f"'{host}' is not a host name: its parts are of 1 to 63 characters") from None


def checked_login(parts: SplitResult) -> None:
    """Refuse the user and the host of an address that ssh or docker gets on its command line, where one is no name.

    Raises:
        ValueError: it would be read as an option, or be a danger in a command of ssh's configuration.
    """
    # This looks at what the program gets: the address is decoded, and the user ends at the first @ of several.
    names = [unquote(part) for part in (parts.hostname, parts.username) if part is not None]
    if parts.netloc.count("@") > 1 or not all(map(_LOGIN.fullmatch, names)):
        raise ValueError(
            f"'{parts.geturl()}' holds what is no name of a user or host: it would be read as an option of ssh or "
            "docker, or be a danger in a command"
        )


def secrets_in(values: Iterable[Any]) -> Iterator[str]:
    """Every secret text in the values of a model's fields, at any depth."""
    for value in values:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from value.secrets() if hasattr(value, "secrets") else secrets_in(value.__dict__.values())
        elif isinstance(value, Mapping):
            yield from secrets_in(value.values())
        elif isinstance(value, (list, tuple, set, frozenset)):
            yield from secrets_in(value)


class Located(Resource):
    """Something at a path on this machine."""

    main = "path"

    path: AnchoredPath

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)


def where_of(resource: Resource) -> str:
    """What a person calls a resource, without secrets: its `where`, or its name where its kind fails to tell it."""
    try:
        where: object = resource.where
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  (the kind may be anyone's)
        where = None
    return where if isinstance(where, str) else resource.name


def word(kind: str) -> str:
    """What a person calls a kind ("host" for the fixture `readiness_host`, "env file")."""
    return kind.removeprefix("readiness_").replace("_", " ")


def words(kind: str) -> str:
    """What a person calls everything that counts as that kind ("url or endpoint"), the narrower first."""
    if kind not in KINDS or _is_base(KINDS[kind]):
        return word(kind)
    alike = [model for model in KINDS.values() if kind in model.kinds()]
    return " or ".join(word(each.kind) for each in sorted(alike, key=lambda each: (-len(each.kinds()), each.kind)))

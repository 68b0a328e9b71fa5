"""The base of resources, and the table of their kinds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    SecretStr,
    ValidationInfo,
)
from pydantic_core.core_schema import CoreSchema, with_info_after_validator_function

from pytest_readiness.core.problems import nearest

NAME = r"^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$"


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
"""The model of each kind; a model registers itself when it is declared."""
SECTIONS: dict[str, tuple[type[Resource], ...]] = {}
"""The models of each section of readiness.yaml."""
_FIRST = (
    *("url", "endpoint", "readiness_host", "container", "image", "postgres", "mysql", "redis", "mongodb"),
    *("domain", "mail", "inbox", "repository", "env_file", "document"),
)
"""Kinds whose place is settled: a target's tests are listed in this order, whatever is imported first."""


class Resource(BaseModel):
    """A thing in a target that facts can be read from.

    Attributes:
        name: unique among its kind in the target; shown in test ids.
        labels: free words that bindings may select by (`on: public`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: ClassVar[str]
    """Name of its fixture."""
    section: ClassVar[str]
    """Key in readiness.yaml."""
    main: ClassVar[str]
    """Field that a plain text stands for (`shop: https://shop.example.com`)."""

    name: Annotated[str, Field(pattern=NAME, max_length=64)]
    labels: tuple[Annotated[str, Field(pattern=NAME)], ...] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        if hasattr(cls, "kind") and hasattr(cls, "section"):
            KINDS[cls.kind] = cls
            _put_in_order()

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Every kind that it counts as: its own, then those of its base classes."""
        named = (base.kind for base in cls.__mro__ if issubclass(base, Resource) and hasattr(base, "kind"))
        return tuple(dict.fromkeys(named))

    @classmethod
    @cache
    def references(cls) -> Mapping[str, Reference]:
        """Its fields that name another resource."""
        marks = ((name, mark) for name, field in cls.model_fields.items() for mark in field.metadata)
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


def _put_in_order() -> None:
    """The settled kinds first, then all others by section and name."""

    def place(model: type[Resource]) -> tuple[int, str, str]:
        settled = _FIRST.index(model.kind) if model.kind in _FIRST else len(_FIRST)
        return settled, model.section, model.kind

    models = sorted(KINDS.values(), key=place)
    KINDS.clear()
    SECTIONS.clear()
    for model in models:
        KINDS[model.kind] = model
        SECTIONS[model.section] = (*SECTIONS.get(model.section, ()), model)


def secrets_in(values: Iterable[Any]) -> Iterator[str]:
    """Every secret text in the values of a model's fields, at any depth."""
    for value in values:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from value.secrets() if hasattr(value, "secrets") else secrets_in(value.__dict__.values())
        elif isinstance(value, Mapping):
            yield from secrets_in(value.values())


class Located(Resource):
    """What lies at a path of this machine."""

    main = "path"

    path: AnchoredPath

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)


def word(kind: str) -> str:
    """What a person calls a kind ("host" for the fixture `readiness_host`, "env file")."""
    return kind.removeprefix("readiness_").replace("_", " ")


def words(kind: str) -> str:
    """What a person calls whatever counts as that kind ("url or endpoint")."""
    counting = [model for model in KINDS.values() if kind in model.kinds()]
    return " or ".join(word(model.kind) for model in sorted(counting, key=lambda model: -len(model.kinds())))

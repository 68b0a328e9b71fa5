"""The variables that objects of Kubernetes give to containers, as a manifest has them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.text import cut
from pytest_readiness.core.yamlfile import yaml_documents

_TEMPLATE = ("spec", "template", "spec")
_PODS = {"Pod": ("spec",), "CronJob": ("spec", "jobTemplate", *_TEMPLATE)}
_HOLDERS = {
    "configMapKeyRef": "ConfigMap",
    "secretKeyRef": "Secret",
    "configMapRef": "ConfigMap",
    "secretRef": "Secret",
}
_FILLED_BY_KUBELET = re.compile(r"(?<!\$)\$\([A-Za-z_][\w.-]{0,250}\)")


@dataclass(frozen=True, slots=True)
class Given:
    """A variable of an environment: what its value is, or what fills it in."""

    name: str
    value: str
    unfilled: str = ""


def variables_of_object(text: str, path: Path, name: str) -> list[Given]:
    """The variables of the container of a workload, or the entries of a ConfigMap or Secret.

    Args:
        text: the manifest, several YAML documents.
        path: for messages.
        name: kind and name, and the container where there are several: `Deployment/api/web`.

    Raises:
        CouldNotVerify: the manifest cannot be read, has no such object or several, or does not have one of which all
            variables are taken.
    """
    return _Manifest(text, path).variables(name)


_Object: TypeAlias = Mapping[str, Any]


class _Manifest:
    def __init__(self, text: str, path: Path) -> None:
        self.path = path
        try:
            documents = list(yaml_documents(text, path, "manifest"))
        except ProblemsError as error:
            # What it says may quote a value.
            raise CouldNotVerify(f"{path}:{error.problems[0].line} cannot be read as YAML") from None
        self.objects = [each for document in documents for each in (document, *_list(document.get("items")))]

    def variables(self, name: str) -> list[Given]:
        kind, _, rest = name.partition("/")
        own, _, container = rest.partition("/")
        found = self._named(kind, own)
        if found is None:
            raise CouldNotVerify(f"{self.path} has no {kind} {own}")
        if kind in ("ConfigMap", "Secret"):
            return [Given(key, value) for key, value in self._entries(found).items()]
        pod: Any = found
        for key in _PODS.get(kind, _TEMPLATE):
            pod = _map(pod.get(key))
        containers = {
            each.get("name"): each for key in ("initContainers", "containers") for each in _list(pod.get(key))
        }
        if not container and len(_list(pod.get("containers"))) == 1:
            container = str(_list(pod["containers"])[0].get("name"))
        if container not in containers:
            names = ", ".join(cut(str(each), 60) for each in containers) or "none"
            raise CouldNotVerify(f"{kind} {own} in {self.path} has several containers or not that one: {names}")
        given: dict[str, Given] = {}
        for each in (*self._taken(containers[container]), *self._set(containers[container])):
            given[each.name] = each
        return list(given.values())

    def _named(self, kind: str, name: str) -> _Object | None:
        found = [
            each for each in self.objects if each.get("kind") == kind and _map(each.get("metadata")).get("name") == name
        ]
        if len(found) > 1:
            raise CouldNotVerify(f"{self.path} has more than one {kind} {cut(name, 60)}")
        return found[0] if found else None

    def _entries(self, found: _Object) -> dict[str, str]:
        entries = {str(key): self._text(value, key) for key, value in _map(found.get("data")).items()}
        if found.get("kind") != "Secret":
            return entries
        try:
            decoded = {key: base64.b64decode(value, validate=True).decode() for key, value in entries.items()}
        except (binascii.Error, ValueError):
            raise CouldNotVerify(f"an entry of the Secret in {self.path} is no text in base64") from None
        return decoded | {str(key): self._text(value, key) for key, value in _map(found.get("stringData")).items()}

    def _text(self, value: object, name: object) -> str:
        if not isinstance(value, str):
            raise CouldNotVerify(f"{cut(str(name), 60)} in {self.path} is no text, which the API server refuses")
        return value

    def _taken(self, container: _Object) -> Iterator[Given]:
        for source in _list(container.get("envFrom")):
            for key in source.keys() & _HOLDERS:
                kind, name = _HOLDERS[key], str(_map(source[key]).get("name"))
                found = self._named(kind, name)
                if found is None:
                    raise CouldNotVerify(
                        f"all variables of the {kind} {cut(name, 60)} are taken, which {self.path} has not"
                    )
                for entry, value in self._entries(found).items():
                    yield Given(f"{source.get('prefix') or ''}{entry}", value)

    def _set(self, container: _Object) -> Iterator[Given]:
        for each in _list(container.get("env")):
            name = self._text(each.get("name"), "the name of a variable")
            refers = _map(each.get("valueFrom"))
            if not refers:
                value = self._text(each.get("value") or "", name)
                # The kubelet fills in earlier variables, and takes $$( for $(.
                filled = "another variable, $(…)" if _FILLED_BY_KUBELET.search(value) else ""
                yield Given(name, value.replace("$$(", "$("), filled)
                continue
            key = next(iter(refers))
            where, kind = _map(refers[key]), _HOLDERS.get(key)
            found = self._named(kind, str(where.get("name"))) if kind else None
            if found is None:
                yield Given(name, "", f"{cut(str(kind or key), 60)} {cut(str(where.get('name', '')), 60)}".rstrip())
            elif (entry := str(where.get("key"))) in (entries := self._entries(found)):
                yield Given(name, entries[entry])


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[_Object]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []

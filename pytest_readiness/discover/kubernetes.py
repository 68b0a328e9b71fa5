"""Kubernetes: names in manifests, and that of the current context. Nothing is contacted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.yamlfile import YamlMap, parse_yaml
from pytest_readiness.discover.found import PROD, Discovered, Hint, Record, environment_of, is_plain, named
from pytest_readiness.discover.project import Project, entries, listed
from pytest_readiness.protocols.text_file import read_text_file

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Ingress", "Secret", "Application", "HelmRelease")
"""Of what a file may hold, what a release is made of."""
_MANIFEST = re.compile(r"^(apiVersion|kind)[ \t]*:", re.MULTILINE)
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?\.[a-z]{2,63}", re.IGNORECASE)
_TOPIC = "kubernetes"


def find(project: Project, environment: Mapping[str, str]) -> Iterator[Record]:
    """What manifests declare, by kind and name, and the hosts of their ingresses."""
    for path in project.named("Chart.yaml"):
        yield Hint("is a Helm chart, whose templates were not read", path, _TOPIC)
    charts = [str(Path(path).parent) for path in project.named("Chart.yaml")]
    for path in project.limited(project.named("*.yaml", "*.yml"), "files of YAML"):
        template = any(path.startswith(f"{chart}/templates/") for chart in charts)
        if template or path.startswith(".") or len(set(_MANIFEST.findall(project.text(path)))) < 2:
            continue
        for document in project.documents(path):
            yield from _manifest(path, document)
    if context := _context(environment):
        text = f"the current context is {named(context)}; nothing was asked of it"
        yield Hint(text, "the configuration of kubectl", _TOPIC)


def _manifest(path: str, document: YamlMap) -> Iterator[Record]:
    kind, name = document.get("kind"), entries(document.get("metadata")).get("name")
    if kind not in _KINDS or not isinstance(name, str):
        return
    where = f"{path}:{document.lines['kind']}"
    if kind != "Ingress":
        yield Hint(f"the {kind} {named(name)}", where, _TOPIC)
        return
    spec = entries(document.get("spec"))
    secured = [host for each in listed(spec.get("tls")) for host in listed(entries(each).get("hosts"))]
    rules = spec.get("rules")
    for rule, line in zip(listed(rules), getattr(rules, "lines", []), strict=False):
        host = entries(rule).get("host")
        if isinstance(host, str) and _HOST.fullmatch(host) and is_plain(host):
            url = f"{'https' if host in secured else 'http'}://{host.lower()}"
            yield Discovered(
                "urls",
                named(name),
                {"url": url},
                f"{path}:{line}",
                environment_of(path, PROD),
                same=frozenset((f"url:{url}",)),
            )


def _context(environment: Mapping[str, str]) -> str:
    """The name of the current context; the first file of several says it."""
    home = Path(environment.get("HOME") or "~").expanduser()
    files = [Path(each) for each in environment.get("KUBECONFIG", "").split(":") if each] or [home / ".kube" / "config"]
    for path in files:
        try:
            name = parse_yaml(read_text_file(path), path, "").get("current-context")
        except (CouldNotVerify, ProblemsError):
            continue
        if isinstance(name, str) and name and is_plain(name):
            return name
    return ""

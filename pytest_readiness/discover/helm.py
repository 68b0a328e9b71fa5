"""Helm charts: the hosts that their values name, and how what is behind them is probed. No template is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from pytest_readiness.core.yamlfile import YamlMap
from pytest_readiness.discover.found import PROD, Hint, Record, environment_of, named
from pytest_readiness.discover.kubernetes import TOPIC, probes_of, url_of, url_with
from pytest_readiness.discover.project import Project, entries, listed


def find(project: Project) -> Iterator[Record]:
    """The hosts of the ingresses that files of values turn on, those of a chart's parts, too."""
    for chart in project.named("Chart.yaml"):
        yield Hint("is a Helm chart, whose templates were not read", chart, TOPIC)
        beside = PurePosixPath(chart).parent
        for path in project.named("values.yaml", "values.yml", "values[-._]*.yaml", "values[-._]*.yml"):
            if PurePosixPath(path).parent == beside:
                for document in project.documents(path):
                    name = named(beside.name or project.folder.name)
                    for values in (document, *(entries(each) for each in document.values())):
                        yield from _urls(name, values, path)


def _urls(name: str, values: YamlMap, path: str) -> Iterator[Record]:
    ingress = entries(values.get("ingress"))
    if ingress.get("enabled") is False:
        return
    tls = ingress.get("tls")
    secured = [host for each in listed(tls) for host in listed(entries(each).get("hosts"))]
    probes = list(probes_of(values, {}, path))
    for host, line in _hosts(ingress):
        if url := url_of(host, [host] if tls is True else secured):
            yield url_with(probes, name, url, f"{path}:{line}", environment_of(path, PROD))


def _hosts(ingress: YamlMap) -> Iterator[tuple[object, int]]:
    for key in ("host", "hostname"):
        if key in ingress:
            yield ingress[key], ingress.lines[key]
    hosts = ingress.get("hosts")
    for each, line in zip(listed(hosts), getattr(hosts, "lines", []), strict=False):
        yield (each.get("host") if isinstance(each, YamlMap) else each), line

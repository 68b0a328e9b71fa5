"""Kubernetes: names in manifests, and that of the current context. Nothing is contacted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_readiness.core.evidence import CouldNotVerify
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.core.yamlfile import YamlMap, parse_yaml
from pytest_readiness.discover.found import PROD, Discovered, Hint, Record, environment_of, is_plain, named
from pytest_readiness.discover.known import is_path, place_of, probed
from pytest_readiness.discover.project import Project, entries, listed
from pytest_readiness.protocols.text_file import read_text_file

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Ingress", "Secret", "Application", "HelmRelease")
"""Of what a file may hold, what a release is made of."""
_MANIFEST = re.compile(r"^(apiVersion|kind)[ \t]*:", re.MULTILINE)
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?\.[a-z]{2,63}", re.IGNORECASE)
TOPIC = "kubernetes"
"""What manifests and charts say of the product."""
_PROBES = {"livenessProbe": "liveness", "readinessProbe": "readiness"}
"""The field of a url that a probe's path belongs in."""


@dataclass(frozen=True, slots=True)
class PodProbe:
    """How the containers of a workload are asked over HTTP.

    Attributes:
        field: of a url.
        path: that is asked for.
        port: by its number, or by a name that is not known.
        where: the file and the line.
    """

    field: str
    path: str
    port: object
    where: str


@dataclass(slots=True)
class _Cluster:
    """What the manifests for one target hold of services and what answers for them."""

    services: dict[str, list[YamlMap]] = field(default_factory=dict)
    pods: list[tuple[YamlMap, YamlMap, str]] = field(default_factory=list)

    def probes(self, service: str, port: object) -> list[PodProbe]:
        """The probes that ask at the very port that a service's leads to; others are out of reach by its ingress."""
        found: list[PodProbe] = []
        for spec in self.services.get(service, ()):
            chosen = entries(spec.get("selector"))
            ports = [entries(each) for each in listed(spec.get("ports"))]
            leads = [
                each.get("targetPort", each.get("port")) for each in ports if port is not None and port in _names(each)
            ]
            for labels, pod, path in self.pods:
                if chosen and leads and chosen.items() <= labels.items():
                    known = _container_ports(pod)
                    inside = known.get(str(leads[0]), leads[0])
                    probes = [each for one in _containers(pod) for each in probes_of(one, known, path)]
                    found += [each for each in probes if each.port == inside is not None]
        return found


def _names(port: YamlMap) -> tuple[object, ...]:
    return port.get("port"), port.get("name")


def _container_ports(pod: YamlMap) -> dict[str, object]:
    every = [entries(each) for holder in _containers(pod) for each in listed(holder.get("ports"))]
    return {str(each.get("name")): each.get("containerPort") for each in every if each.get("name")}


def _containers(pod: YamlMap) -> list[YamlMap]:
    return [entries(each) for each in listed(pod.get("containers"))]


def probes_of(container: YamlMap, ports: Mapping[str, object], path: str) -> Iterator[PodProbe]:
    """How a container is asked over HTTP, by the kubelet or by a command in it.

    Args:
        container: as a manifest has it.
        ports: numbers of its pod's ports by their names.
        path: the file that it is in.
    """
    for key, name in _PROBES.items():
        probe = entries(container.get(key))
        asks = entries(probe.get("httpGet"))
        command = listed(entries(probe.get("exec")).get("command"))
        where = f"{path}:{container.lines.get(key, container.line)}"
        if is_path(asks.get("path")) and "host" not in asks:
            yield PodProbe(name, asks["path"], ports.get(str(asks.get("port")), asks.get("port")), where)
        elif asked := probed(" ".join(map(str, command))):
            yield PodProbe(name, asked[1], asked[0], where)


def find(project: Project, environment: Mapping[str, str]) -> Iterator[Record]:
    """What manifests declare, by kind and name, and the hosts of their ingresses with the probes of what they lead to.

    Args:
        project: the folder.
        environment: in which a variable may lead to kubectl's configuration.
    """
    clusters: dict[str, _Cluster] = {}
    ingresses: list[tuple[str, YamlMap]] = []
    charts = [path.removesuffix("Chart.yaml") for path in project.named("Chart.yaml")]
    for path in project.limited(project.named("*.yaml", "*.yml"), "files of YAML"):
        template = any(path.startswith(f"{chart}templates/") for chart in charts)
        if template or path.startswith(".") or len(set(_MANIFEST.findall(project.text(path)))) < 2:
            continue
        for document in project.documents(path):
            yield from _manifest(path, document)
            _keep(clusters.setdefault(environment_of(path, ""), _Cluster()), path, document)
            if document.get("kind") == "Ingress":
                ingresses.append((path, document))
    for path, document in ingresses:
        # What no path says the target of is what others are made from.
        of = [clusters[name] for name in dict.fromkeys((environment_of(path, ""), "")) if name in clusters]
        yield from _hosts(path, document, of)
    if context := _context(environment):
        text = f"the current context is {named(context)}; nothing was asked of it"
        yield Hint(text, "the configuration of kubectl", TOPIC)


def _manifest(path: str, document: YamlMap) -> Iterator[Record]:
    kind, name = document.get("kind"), entries(document.get("metadata")).get("name")
    if kind not in _KINDS or not isinstance(name, str):
        return
    if kind != "Ingress":
        yield Hint(f"the {kind} {named(name)}", f"{path}:{document.lines['kind']}", TOPIC)


def _keep(cluster: _Cluster, path: str, document: YamlMap) -> None:
    spec, name = entries(document.get("spec")), entries(document.get("metadata")).get("name")
    if document.get("kind") == "Service" and isinstance(name, str):
        cluster.services.setdefault(name, []).append(spec)
    template = entries(spec.get("template"))
    if pod := entries(template.get("spec")):
        cluster.pods.append((entries(entries(template.get("metadata")).get("labels")), pod, path))


def _hosts(path: str, document: YamlMap, clusters: list[_Cluster]) -> Iterator[Record]:
    metadata, spec = entries(document.get("metadata")), entries(document.get("spec"))
    name = metadata.get("name")
    if not isinstance(name, str):
        return
    secured = [host for each in listed(spec.get("tls")) for host in listed(entries(each).get("hosts"))]
    rewrites = any("rewrite" in key for key in entries(metadata.get("annotations")))
    rules = spec.get("rules")
    for rule, line in zip(listed(rules), getattr(rules, "lines", []), strict=False):
        url = url_of(entries(rule).get("host"), secured)
        if not url:
            continue
        asked = [] if rewrites else list(_asked(entries(rule), clusters))
        yield url_with(asked, named(name), url, f"{path}:{line}", environment_of(path, PROD))


def url_of(host: object, secured: list[object]) -> str:
    """The address of a host, https for one of those that have a certificate; "" where it is none."""
    if not isinstance(host, str) or not _HOST.fullmatch(host) or not is_plain(host):
        return ""
    return f"{'https' if host in secured else 'http'}://{host.lower()}"


def url_with(probes: list[PodProbe], name: str, url: str, source: str, target: str) -> Discovered:
    """A url with the paths of probes, as far as they agree, and where all that is from."""
    told = Discovered("urls", name, {"url": url}, source, target, same=frozenset((place_of(url),)))
    for key in _PROBES.values():
        own = [probe for probe in probes if probe.field == key]
        if len({probe.path for probe in own}) == 1:
            fields, sources = {**told.fields, key: own[0].path}, (*told.source.split(", "), own[0].where)
            told = replace(told, fields=fields, source=", ".join(dict.fromkeys(sources)))
    return told


def _asked(rule: YamlMap, clusters: list[_Cluster]) -> Iterator[PodProbe]:
    """The probes whose paths an ingress passes on to what they ask."""
    routes = [entries(each) for each in listed(entries(rule.get("http")).get("paths"))]
    for route in routes:
        service, port = _backend(entries(route.get("backend")))
        probes = next(filter(None, (cluster.probes(service, port) for cluster in clusters)), [])
        for probe in probes:
            passed = [each for each in routes if _passes(each, probe.path)]
            longest = max(passed, key=lambda each: len(str(each.get("path") or "/")), default=None)
            if longest is route:
                yield probe


def _backend(backend: YamlMap) -> tuple[str, object]:
    service = entries(backend.get("service"))
    port = entries(service.get("port"))
    name = service.get("name", backend.get("serviceName"))
    return str(name), port.get("number", port.get("name", backend.get("servicePort")))


def _passes(route: YamlMap, path: str) -> bool:
    prefix = str(route.get("path") or "/")
    if route.get("pathType") == "Exact":
        return prefix == path
    return f"{path}/".startswith(f"{prefix.rstrip('/')}/")


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

"""Variables of what runs, and of what a manifest gives to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, NotDeclared
from pytest_readiness.domains.container.resource import Container
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.host.resource import Host
from tests.judging import judge
from tests.stack.docker import DockerEngine
from tests.stack.process import wait_until

MANIFEST = """\
kind: ConfigMap
metadata: {name: api}
data: {LOG_LEVEL: info, PORT: "8080"}
---
kind: List
items:
- kind: Secret
  metadata: {name: db}
  data: {password: c2VjcmV0LXZhbHVl}
  stringData: {user: shop}
---
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers:
      - name: api
        envFrom: [{configMapRef: {name: api}}, {prefix: DB_, secretRef: {name: db}}]
        env:
        - {name: PORT, value: "9090"}
        - {name: PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
        - {name: LACKING, valueFrom: {secretKeyRef: {name: db, key: no, optional: true}}}
        - {name: ELSEWHERE, valueFrom: {secretKeyRef: {name: vault, key: x}}}
        - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        - {name: URL, value: "http://$(HOST)/"}
        - {name: COST, value: "$$(5)"}
        - {name: EMPTY}
---
kind: CronJob
metadata: {name: mail}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, env: [{name: A, value: "1"}]}, {name: b}]}}}}}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Any:
    def judged(id: str, object: str, text: str = MANIFEST, **parameters: Any) -> str:
        path = tmp_path / "release.yaml"
        path.write_text(text)
        env = EnvFile(name="api", manifest=path, object=object)
        return judge(id, env, target=Target("prod", resources=(env,)), **parameters).text

    return judged


def test_of_a_manifest(manifest: Any) -> None:
    names = ["LOG_LEVEL", "DB_user", "DB_password", "PASSWORD", "COST"]
    assert manifest("env.present", "Deployment/api", names=names)
    assert manifest("env.values", "Deployment/api", values={"PORT": "9090", "COST": "$(5)", "LOG_LEVEL": "info"})
    assert manifest("env.values", "ConfigMap/api", values={"PORT": "8080"})
    assert manifest("env.length", "Secret/db", names=["password"], min=12)
    assert manifest("env.present", "CronJob/mail/a", names=["A"])
    for name, seen in {"LACKING": "LACKING is not set", "EMPTY": "EMPTY is empty"}.items():
        with pytest.raises(ClaimFalse, match=seen):
            manifest("env.present", "Deployment/api", names=[name])
    with pytest.raises(ClaimFalse):
        manifest("env.length", "Secret/db", names=["password"], min=13)
    for name in ("ELSEWHERE", "NODE", "URL"):
        with pytest.raises(CouldNotVerify, match=name):
            manifest("env.length", "Deployment/api", names=[name], min=1)


@pytest.mark.parametrize(
    ("object", "old", "new", "seen"),
    [
        ("Deployment/web", "", "", "has no Deployment web"),
        ("CronJob/mail", "", "", "has several containers or not that one: a, b"),
        ("CronJob/mail/c", "", "", "not that one"),
        (
            "Deployment/api",
            "configMapRef: {name: api}",
            "configMapRef: {name: other}",
            "all variables of the ConfigMap other",
        ),
        ("Deployment/api", 'value: "9090"', "value: 9090", "PORT in .* is no text, which the API server refuses"),
        ("Secret/db", "c2VjcmV0LXZhbHVl", "secret value", "no text in base64"),
        ("ConfigMap/api", "kind: List", "kind: ConfigMap\nmetadata: {name: api}\n", "more than one ConfigMap api"),
        ("ConfigMap/api", "kind: List", "kind: [", "cannot be read as YAML"),
    ],
)
def test_what_a_manifest_does_not_say(manifest: Any, object: str, old: str, new: str, seen: str) -> None:
    assert old in MANIFEST
    with pytest.raises(CouldNotVerify, match=seen) as caught:
        manifest("env.present", object, MANIFEST.replace(old, new), names=["PORT"])
    assert "secret value" not in str(caught.value)


def test_of_a_container(docker_engine: DockerEngine) -> None:
    container = docker_engine.run("env-api", environment={"A": "1", "B": "", "C": "x\ny", "URL": "http://${HOST}/"})
    api = Container(name="api", container="env-api", engine=docker_engine.base_url)
    env = EnvFile(name="api", container="api")
    target = Target("prod", resources=(api, env))
    try:
        assert judge("env.present", env, target=target, names=["A", "C"])
        assert judge("env.values", env, target=target, values={"A": "1"})
        for name, seen in {"B": "B is empty", "D": "D is not set", "URL": "URL holds a reference"}.items():
            with pytest.raises(ClaimFalse, match=seen):
                judge("env.length", env, target=target, names=[name], min=1)
        with pytest.raises(NotDeclared, match="api declares no file, but the container api"):
            judge("env.file", env, target=target)
        container.stop(timeout=0)
        with pytest.raises(CouldNotVerify, match="does not run"):
            judge("env.present", env, target=target, names=["A"])
    finally:
        container.remove(force=True)
    with pytest.raises(CouldNotVerify, match="there is no container env-api"):
        judge("env.present", env, target=target, names=["A"])
    with pytest.raises(NotDeclared, match="declares no container named api"):
        judge("env.present", env, target=Target("prod", resources=(env,)), names=["A"])


@contextmanager
def runs(program: Path, **environment: str) -> Iterator[None]:
    with subprocess.Popen([program, "1000"], env=environment) as process:
        try:
            comm = Path(f"/proc/{process.pid}/comm")
            wait_until(lambda: comm.read_text().strip() == program.name, "the program runs")
            yield
        finally:
            process.kill()


def test_of_a_process(tmp_path: Path) -> None:
    program = tmp_path / f"rd{os.getpid()}"
    program.symlink_to("/bin/sleep")
    web = Host(name="web", connection="local://")
    env = EnvFile(name="api", host="web", process=program.name)
    target = Target("prod", resources=(web, env))
    with runs(program, A="1", B="x\ny", KEY="a-secret-value"):
        assert judge("env.present", env, target=target, names=["A", "B", "KEY"])
        assert judge("env.values", env, target=target, values={"A": "1"})
        for name in ("PATH", "y"):
            with pytest.raises(ClaimFalse, match=f"{name} is not set"):
                judge("env.present", env, target=target, names=[name])
        with runs(program, A="1", B="x\ny", KEY="a-secret-value"):
            assert judge("env.values", env, target=target, values={"A": "1"})
        with runs(program, A="2"), pytest.raises(CouldNotVerify, match="have different ones"):
            judge("env.present", env, target=target, names=["A"])
    with runs(program), pytest.raises(CouldNotVerify, match="overwritten or emptied"):
        judge("env.present", env, target=target, names=["A"])
    none = EnvFile(name="api", host="web", process="no-such-program")
    with pytest.raises(CouldNotVerify, match="no such process"):
        judge("env.present", none, target=target, names=["A"])
    other = Host(name="web", address="localhost")
    with pytest.raises(NotDeclared, match="no connection"):
        judge("env.present", env, target=Target("prod", resources=(other, env)), names=["A"])


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({}, "exactly one of"),
        ({"path": ".env", "container": "api"}, "exactly one of"),
        ({"unit": "shop.service"}, "'host' and process or unit belong together"),
        ({"path": ".env", "host": "web"}, "'host' and process or unit belong together"),
        ({"manifest": "x.yaml"}, "'object' and manifest belong together"),
        ({"container": "api", "dialect": "compose"}, "a dialect is a file's"),
        ({"manifest": "x.yaml", "object": "api"}, "should match pattern"),
        ({"host": "web", "process": "/bin/gunicorn"}, "should match pattern"),
    ],
)
def test_what_cannot_be_declared(fields: dict[str, Any], seen: str) -> None:
    with pytest.raises(ValidationError, match=seen):
        EnvFile.model_validate({"name": "api", **fields})

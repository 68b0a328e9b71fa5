"""Hosts of inventories and ssh configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.discover import ssh
from pytest_readiness.discover.found import Survey
from pytest_readiness.discover.writing import kept
from tests.discover.application import write

Look = Callable[..., Survey]

YAML = """\
all:
  vars: {ansible_user: deploy, ansible_password: pl4nted}
  children:
    web:
      hosts:
        web[01:02].example.com:
        web9: {ansible_host: 192.0.2.9, ansible_port: 2222, ansible_become_pass: pl4nted}
    db:
      vars: {ansible_user: "{{ someone }}"}
      hosts: {db1: }
      children: {replicas: {hosts: {db2: {ansible_user: root}}}}
    here: {hosts: {localhost: {ansible_connection: local}}}
"""
INI = """\
alone.example.com
[web]
web1 ansible_host=192.0.2.1 ansible_ssh_pass='pl4nted with blanks'  # a comment
[web:vars]
ansible_user=deploy
[all:children]
web
"bad
"""


def hosts(found: Survey) -> Mapping[str, Mapping[str, Any]]:
    return {each.name: each.fields for each in found.found if each.section == "hosts"}


def test_an_inventory_in_yaml(folder: Path, look: Look) -> None:
    write(folder, "inventories/staging/hosts.yml", YAML)
    found = look()
    assert hosts(found) == {
        "web01.example.com": {"connection": "ssh://deploy@web01.example.com", "labels": ["web"]},
        "web02.example.com": {"connection": "ssh://deploy@web02.example.com", "labels": ["web"]},
        "web9": {"connection": "ssh://deploy@192.0.2.9:2222", "labels": ["web"]},
        "db1": {"connection": "ssh://deploy@db1", "labels": ["db"]},
        "db2": {"connection": "ssh://root@db2", "labels": ["replicas"]},
    }
    assert {each.target for each in found.found} == {"staging"}
    assert found.found[0].source == "inventories/staging/hosts.yml:6"


def test_an_inventory_as_ini(folder: Path, look: Look) -> None:
    write(folder, "hosts", INI)
    assert hosts(look()) == {
        "alone.example.com": {"connection": "ssh://alone.example.com"},
        "web1": {"connection": "ssh://deploy@192.0.2.1", "labels": ["web"]},
    }


def test_hosts_of_the_system_are_no_inventory(folder: Path, look: Look) -> None:
    write(folder, "hosts", "127.0.0.1 localhost\n192.0.2.1 web1\n")
    assert not hosts(look())


@pytest.mark.parametrize("address", ["-oProxyCommand=id", "a b", "a;id", "$(id)", "{{ x }}", "a/b"])
def test_an_address_that_ssh_would_misread_is_not_taken(folder: Path, look: Look, address: str) -> None:
    write(folder, "inventory.ini", f"[web]\nweb1 ansible_host='{address}' ansible_user='{address}'\n")
    assert hosts(look()) == {"web1": {"connection": "ssh://web1", "labels": ["web"]}}
    write(folder, "inventory.ini", f"[web]\n'{address}'\n")
    assert not hosts(look())


def test_a_large_range_has_a_limit(folder: Path, look: Look) -> None:
    write(folder, "inventory.ini", "[web]\nweb[1:9999]\n")
    found = look()
    assert len(hosts(found)) == 100
    assert [each.source for each in found.skipped] == ["inventory.ini"]


def test_names_of_an_ssh_configuration() -> None:
    text = (
        "Include other\nHost web1 web2\n  HostName=192.0.2.1\nHost *.example.com !no *\n  User x\n"
        'Host github.com forge\n  HostName "github.com"\nMatch host a\n  HostName b\nhost\tdb # no\n'
    )
    assert [(each.name, each.host, each.line) for each in ssh.aliases(text)] == [
        ("web1", "192.0.2.1", 2),
        ("web2", "192.0.2.1", 2),
        ("db", "", 10),
    ]


def test_an_ssh_configuration_of_the_folder_is_named(folder: Path, look: Look) -> None:
    write(folder, "deploy/ssh_config", "Host web1\n  HostName 192.0.2.1\n")
    found = look()
    assert hosts(found) == {"web1": {"connection": "ssh://web1", "ssh_config": "deploy/ssh_config"}}
    assert kept(found.found, folder) == (found.found, [])


def test_the_persons_own_hosts_are_not_taken_unasked(folder: Path, look: Look) -> None:
    write(folder.parent / "home", ".ssh/config", "Host private\n")
    assert not look().found
    assert [each.name for each in ssh.own(folder.parent / "home")] == ["private"]

"""Files for TLS that a target names and that cannot be used are mistakes of the configuration, with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_readiness.config.loading import load_configuration
from pytest_readiness.core.problems import ProblemsError
from tests.protocols.http.certificates import authority, leaf


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "CHECK.md").write_text("- [ ] a\n", encoding="utf-8")
    root = authority()
    own = leaf(root)
    files = {
        "ca.pem": root.pem,
        "ca.der": root.certificate,
        "key.pem": own.key_pem,
        "cert.pem": own.pem,
        "both.pem": own.pem + own.key_pem,
        "chain.pem": own.pem + root.pem + own.key_pem,
        "other.pem": leaf(root).key_pem,
        "empty.pem": b"",
        "html.pem": b"<html>404</html>",
        "cut.pem": root.pem[:200] + b"\n-----END CERTIFICATE-----\n",
        "locked.pem": own.key_pem.replace(b"BEGIN PRIVATE", b"BEGIN ENCRYPTED PRIVATE"),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.pem").mkdir()
    return tmp_path


def told(base: Path, declared: str, target: str = "prod") -> list[str]:
    """What is wrong with a declaration, which begins in line 4."""
    path = base / "readiness.yaml"
    path.write_text(f"checklists: [CHECK.md]\ntargets:\n  other: {{}}\n  prod:\n{declared}", encoding="utf-8")
    try:
        load_configuration(path, target)
    except ProblemsError as error:
        return str(error).replace(f"{base}/", "").splitlines()
    return []


URL = "    urls:\n      shop:\n        url: https://shop.example.com\n"
DECLARED = {
    "ca": URL + "        ca: {}\n",
    "mail": "    mail:\n      relay:\n        server: smtp.example.com\n        ca: {}\n",
    "database": "    databases:\n      shop:\n        dsn: postgresql://app@db/shop\n        ca: {}\n",
    "inbox": "    inboxes:\n      tests:\n        inbox: mailpit+http://localhost:8025\n        ca: {}\n",
    "domain": "    domains:\n      shop:\n        domain: example.com\n        ca: {}\n",
    "endpoint": "    endpoints:\n      ldap:\n        endpoint: ldap.example.com:636\n        ca: {}\n",
}


@pytest.mark.parametrize("kind", DECLARED)
def test_authorities(kind: str, base: Path) -> None:
    for file, why in (
        ("ca.pem", ""),
        ("none.pem", "does not exist"),
        ("folder.pem", "is a folder"),
        ("empty.pem", "holds no certificate in PEM"),
        ("html.pem", "holds no certificate in PEM"),
        ("key.pem", "holds no certificate in PEM"),
        ("ca.der", "openssl x509 -inform DER"),
        ("cut.pem", "a certificate in cut.pem cannot be read"),
    ):
        found = told(base, DECLARED[kind].format(file))
        assert len(found) == bool(why), (file, found)
        assert all(line.startswith("readiness.yaml:8: ") and why in line and file in line for line in found), found


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ("client_cert: both.pem", ""),
        ("client_cert: chain.pem", ""),
        ("client_cert: cert.pem\n        client_key: key.pem", ""),
        ("client_cert: both.pem\n        client_key: key.pem", ""),
        ("client_cert: none.pem", "none.pem does not exist"),
        ("client_cert: cert.pem", "cert.pem holds no private key in PEM"),
        ("client_cert: key.pem", "key.pem holds no certificate in PEM"),
        ("client_cert: cert.pem\n        client_key: none.pem", "none.pem does not exist"),
        ("client_cert: cert.pem\n        client_key: ca.pem", "ca.pem holds no private key in PEM"),
        ("client_cert: cert.pem\n        client_key: locked.pem", "the key in locked.pem is encrypted"),
        ("client_cert: cert.pem\n        client_key: other.pem", "the key in other.pem is not that of the certificate"),
    ],
)
def test_client_certificates(declared: str, why: str, base: Path) -> None:
    found = told(base, f"{URL}        {declared}\n")
    assert len(found) == bool(why), found
    assert all(line.startswith("readiness.yaml:") and why in line for line in found), found


def test_files_of_other_targets_may_be_elsewhere(base: Path) -> None:
    assert told(base, DECLARED["ca"].format("none.pem"), target="other") == []

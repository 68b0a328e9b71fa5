from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.source.resource import Repository
from pytest_readiness.domains.source.secrets import secrets_of
from tests.judging import judge
from tests.stack.repositories import Repo

# Put together here, so that no scanner takes this file for one that leaks.
GITHUB = "gh" + "p_abcdefghijklmnopqrstuvwxyz0123456789"
AWS = "AK" + "IAQWERTYUIOPASDFGH"
VAULT = "hv" + "s.CAESIJlWh8mLbP2Xc7Tqz9VnK3rYd5FwQ1"
MODEL = "sk" + "-proj-abcdEFGH1234ijklMNOP5678qrst"
GOOGLE = "AI" + "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"
RANDOM = "Zk3pQ8vT1xYb6LwRj9HsUe0MgC5dNaKf7PoI2tXqVuE="
UUID = "3f9c1e2d-4b5a-6978-8796-a5b4c3d2e1f0"
HEX = "3f9c1e2d4b5a69788796a5b4c3d2e1f0"
KEY = (
    "-----BEGIN RSA "
    + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEAxYb6LwRj9HsUe0MgC5dNaKf7PoI2\n-----END RSA PRIVATE KEY-----\n"
)
PASSWORD = "hunter2horse"
ALL = (GITHUB, AWS, VAULT, MODEL, GOOGLE, RANDOM, UUID, HEX, PASSWORD)

FOUND = {
    ("app.py", f'TOKEN = "{GITHUB}"'): "a GitHub token",
    ("app.py", f"# {AWS}"): "an AWS access key",
    ("app.py", f'v = "{VAULT}"'): "a Vault token",
    ("app.py", f'k = "{MODEL}"'): "a key of a language model",
    ("app.js", f'const k = "{GOOGLE}";'): "a Google key",
    ("app.py", f'heroku_key = "{UUID}"'): "a Heroku key",
    ("app.py", f'password = "{PASSWORD}"'): "Secret Keyword",
    ("app.py", f'password = "{PASSWORD}"  # pragma: allowlist secret'): "Secret Keyword",
    ("app.py", f'x = "{RANDOM}"'): "Base64 High Entropy String",
    ("app.py", f'x = "{HEX}"'): "Hex High Entropy String",
    ("app.py", f'dsn = "postgres://app:{PASSWORD}@db/prod"'): "Basic Auth Credentials",
    ("swagger/api.yaml", f"password: {PASSWORD}"): "Secret Keyword",
    (".env", f"DB_PASSWORD={PASSWORD}"): "Secret Keyword",
    (".env.example", f"DB_PASSWORD={PASSWORD}"): "Secret Keyword",
    (".env", "DATABASE_URL=postgresql://app:password@localhost:5432/app"): "Basic Auth Credentials",
    ("Dockerfile", f"ENV DB_PASSWORD={PASSWORD}"): "Secret Keyword",
    ("run.sh", f"export DB_PASSWORD={PASSWORD}"): "Secret Keyword",
    (".env.production", f"SIGNING={RANDOM}"): "Base64 High Entropy String",
    ("yarn.lock", f'"{GITHUB}"'): "a GitHub token",
    ("style.css", f'/* "{GITHUB}" */'): "a GitHub token",
    (".netrc", f"machine api.shop.io login deploy password {PASSWORD}"): "Secret Keyword",
    ("_netrc", f"password {PASSWORD}"): "Secret Keyword",
    ("backup.sh", f"mysql -u root -p{PASSWORD} shop < dump.sql"): "Secret Keyword",
    ("backup.sh", f"mysqldump -uroot -p'{PASSWORD}' shop"): "Secret Keyword",
    ("Makefile", f"\tPGPASSWORD={PASSWORD} psql -h db"): "Secret Keyword",
    ("ci.yml", f"- run: MYSQL_PWD={PASSWORD} mysql shop"): "Secret Keyword",
    ("run.sh", f"mysqladmin --password={PASSWORD} shutdown"): "Secret Keyword",
    ("run.sh", f"docker run -e DB_PASSWORD={PASSWORD} shop"): "Secret Keyword",
    ("run.sh", f"java -Dspring.datasource.password={PASSWORD} -jar shop.jar"): "Secret Keyword",
    ("run.sh", f"kubectl create secret generic shop --from-literal=password={PASSWORD}"): "Secret Keyword",
    ("run.sh", f"curl -u admin:{PASSWORD} https://api.shop.io"): "Secret Keyword",
    ("run.sh", f"sshpass -p {PASSWORD} ssh shop"): "Secret Keyword",
    ("web.config", f'<add key="DbPassword" value="{PASSWORD}"/>'): "Secret Keyword",
    ("web.config", f'connectionString="Server=db;User Id=sa;Password={PASSWORD};"'): "Secret Keyword",
    ("settings.xml", f"<password>{PASSWORD}</password>"): "Secret Keyword",
    ("settings.py", f'SECRET_KEY = "django-insecure-{RANDOM}"'): "Secret Keyword",
    ("settings.py", f'KEY = os.environ.get("KEY", "django-insecure-{HEX}")'): "Secret Keyword",
    ("id_rsa", KEY): "a private key",
    ("run.ipynb", json.dumps({"outputs": [f"token {GITHUB}"]})): "a GitHub token",
}
RIGHT = [
    ("app.py", "aws = 'AK" + "IAIOSFODNN7EXAMPLE'"),
    ("app.py", 'password = os.environ["PASSWORD"]'),
    ("app.py", "password = get_password('x')"),
    ("app.py", 'password = ""'),
    (".netrc", "machine api.shop.io login deploy password ${PW}"),
    ("backup.sh", "mysql -p shop\nmysql -p$PW shop\nmysql -p{{ pw }} x\nPGPASSWORD=$PW psql"),
    ("run.sh", "curl -u $U:$P x\nTOKEN_FILE=/run/x ./run\n--password=PASSWORD\ndocker login --password-stdin -u x"),
    ("web.config", '<add key="PasswordPolicy" value="strong"/><add key="RequirePassword" value="true"/>'),
    ("other.config", '<add key="password" value="${db.password}"/><add key="password" value="__DB_PASSWORD__"/>'),
    ("strings.xml", '<string name="password">Passwort</string><password>${env.PW}</password>'),
    ("calls.py", "connect(user=user, password=settings.password, host=host)\nrun(['--token=' + token])"),
    ("types.py", 'secret: "SecretStr | None" = None\ndef f(token: "Token") -> None: ...'),
    ("names.py", 'SECRET_NAME = "shop-database-secret"\npassword_label = "Your password"'),
    ("names.py", 'password = env("DB_PASSWORD")\npassword_env = "DB_PASSWORD"\nsecret = "DB_PASSWORD"'),
    ("values.yaml", "existingSecret: shop-database\nsecretName: shop-tls\npassword: vault:secret/data/shop#password"),
    ("run.sh", "export DB_PASSWORD=$1\nPASSWORD=$(cat /run/x)"),
    ("app.py", f'id = "{UUID}"'),
    ("app.py", 'dsn = "postgres://app:${PW}@db/prod"'),
    ("app.py", f'dsn = "postgres://app:{PASSWORD}@db.example.com/prod"'),
    ("app.py", 'help = {"password": "The password that you chose when you signed up"}'),
    ("package-lock.json", f'"integrity": "sha512-{RANDOM}{RANDOM}"'),
    ("uv.lock", f'hash = "sha256:{HEX}{HEX}"'),
    ("page.html", f'<script integrity="sha384-{RANDOM}"></script>'),
    ("key.pem", "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----\n"),
    (".env.example", "DB_PASSWORD=change-me\nAPI_KEY=\nSECRET_KEY=${SECRET}\nTOKEN=<token>\n"),
    (".env.example", "DB_PASSWORD=password\nDATABASE_URL=postgresql://app:password@localhost:5432/app\n"),
    (".env.sample", "DATABASE_URL=postgresql://shop:shop@db:5432/app\n"),
    ("tests/certs/server.key", KEY),
    ("tests/test_a.py", f'password = "{PASSWORD}"'),
]


@pytest.mark.parametrize(("path", "text", "kind"), [(*place, kind) for place, kind in FOUND.items()])
def test_secrets_are_found(path: str, text: str, kind: str) -> None:
    assert [each[:2] for each in secrets_of(path, f"x\n\n{text}\n")] == [(kind, 3)]


@pytest.mark.parametrize(("path", "text"), [each for each in RIGHT if not each[0].startswith("tests/")])
def test_what_is_none_is_not_found(path: str, text: str) -> None:
    assert list(secrets_of(path, text)) == []


@pytest.fixture
def repo(tmp_path: Path, in_line: None) -> Repo:
    repo = Repo(tmp_path / "shop")
    repo.commit({"README.md": "# Shop\n"})
    return repo


def judged(repo: Repo, **parameters: Any) -> Evidence:
    """Judge; whatever comes out holds none of the secrets."""
    said = ""
    try:
        return judge("source.no_secrets", Repository(name="shop", path=repo.path), **parameters)
    except (ClaimFalse, CouldNotVerify) as error:
        said = str(error)
        raise
    finally:
        assert not [each for each in ALL if each in said]


def test_a_repository_without_secrets_passes(repo: Repo) -> None:
    repo.commit({**dict(RIGHT), "logo.png": b"\0\1"})
    text = judged(repo).text
    assert text.startswith("detect-secrets 1.5.0 and the table of keys find none in ")
    assert "2 in allowed files and tests" in text
    assert "not looked at: 1 file and 0 contents" in text


def test_a_secret_fails_and_is_not_shown(repo: Repo) -> None:
    repo.commit({"src/app.py": f'\npassword = "{PASSWORD}"  # pragma: allowlist secret\n'})
    with pytest.raises(ClaimFalse, match=r"seen: 1: Secret Keyword in src/app.py:2$"):
        judged(repo)


def test_a_tag_that_leads_to_a_secret_without_a_name(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{GITHUB}\n")
    repo.git("tag", "key", repo.git("hash-object", "-w", str(tmp_path / "key")))
    with pytest.raises(ClaimFalse, match="a GitHub token in a content without a name:1 "):
        judged(repo)


def test_a_key_by_its_shape_is_no_test_data(repo: Repo) -> None:
    repo.commit({"tests/test_a.py": f"x = '{GITHUB}'\n"})
    with pytest.raises(ClaimFalse, match=r"a GitHub token in tests/test_a\.py:1"):
        judged(repo)
    assert judged(repo, allow=["tests/test_a.py"], history=False)


def test_the_history_is_looked_at(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"old.py": f"x = '{GITHUB}'\n"})
    repo.git("checkout", "-q", "main")
    with pytest.raises(ClaimFalse, match=r"a GitHub token in old.py:1 \(in the history, blob [0-9a-f]{12}\)"):
        judged(repo)
    assert "1 text file" in judged(repo, history=False).text


def test_a_history_that_is_cut_off_is_no_pass(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"old.py": f"x = '{GITHUB}'\n"})
    (repo.path / "old.py").unlink()
    repo.commit()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{repo.path}", str(clone)], check=True)
    with pytest.raises(CouldNotVerify, match="the history is cut off here"):
        judge("source.no_secrets", Repository(name="shop", path=clone))
    assert judge("source.no_secrets", Repository(name="shop", path=clone), history=False)


@pytest.mark.parametrize(("entry", "passes"), [({"is_secret": False}, True), ({"is_secret": True}, False), ({}, False)])
def test_a_baseline_counts_where_it_was_audited(repo: Repo, entry: dict[str, bool], passes: bool) -> None:
    digest = hashlib.sha1(PASSWORD.encode()).hexdigest()
    results = {"app.py": [{"type": "Secret Keyword", "hashed_secret": digest, "line_number": 9, **entry}]}
    repo.commit({"app.py": f'password = "{PASSWORD}"\n', ".secrets.baseline": json.dumps({"results": results})})
    if passes:
        assert "1 audited as none" in judged(repo, baseline=".secrets.baseline").text
    else:
        with pytest.raises(ClaimFalse, match=r"Secret Keyword in app\.py:1"):
            judged(repo, baseline=".secrets.baseline")


@pytest.mark.parametrize("content", ["{", '{"results": []}', '{"results": {"a": [1]}}', "[" * 100_000])
def test_what_is_no_baseline_is_told(repo: Repo, content: str) -> None:
    repo.commit({"baseline": content})
    with pytest.raises(CouldNotVerify, match="is no baseline"):
        judged(repo, baseline="baseline")
    with pytest.raises(CouldNotVerify, match="has no file other"):
        judged(repo, baseline="other")


def test_nothing_to_look_at_is_no_pass(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "shop")
    repo.commit({"a.bin": b"\0"})
    with pytest.raises(CouldNotVerify, match="no text file"):
        judged(repo)


def test_what_would_assert_nothing_is_refused(repo: Repo) -> None:
    with pytest.raises(ValidationError):
        judged(repo, allow=["*"])


def test_a_binding_names_a_check() -> None:
    line = "no-hardcoded-password: source.no_secrets\n"
    assert not list(secrets_of("release.checks.yaml", line))
    assert list(secrets_of("release.yaml", line.replace("source.no_secrets", "s0urce.No_secrets")))
    assert list(secrets_of("release.checks.yaml", line.replace("source.no_secrets", "hunter2-horse")))

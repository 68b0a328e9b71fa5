from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from pytest_readiness.config.loading import find_configuration, load_configuration
from pytest_readiness.config.schema import configuration_schema
from pytest_readiness.config.target import Configuration
from pytest_readiness.core.problems import ProblemsError
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.mongodb.resource import Mongodb
from pytest_readiness.domains.mysql.resource import Mysql
from pytest_readiness.domains.postgres.resource import Postgres
from pytest_readiness.domains.redis.resource import Redis
from tests.stack.certs import Authority

SECRET = "hunter2-and-more"
DSN = f"postgresql://app:{SECRET}@db.example.com:5433/shop"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "CHECK.md").write_text("- [ ] a\n", encoding="utf-8")
    return tmp_path


def load(base: Path, text: str, target: str = "prod", **variables: str) -> Configuration:
    path = base / "readiness.yaml"
    path.write_text(text, encoding="utf-8")
    return load_configuration(path, target, variables)


def mistakes(base: Path, text: str, target: str = "prod", **variables: str) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        load(base, text, target, **variables)
    told = str(caught.value).replace(f"{base}/", "").splitlines()
    assert all(line.endswith((".", "?")) for line in told), told
    return told


def test_everything_is_read(base: Path) -> None:
    (base / "certs").mkdir()
    (base / "certs" / "ca.pem").write_bytes(Authority(base / "authority").ca_file.read_bytes())
    made = load(
        base,
        """
checklists: [CHECK.md]
roles: {owner: [a@example.com, b@example.com]}
signoffs: people/signoffs.yaml
targets:
  prod:
    description: what customers see
    urls:
      shop: https://shop.example.com
      api: {url: "https://api.example.com:8443/v1", health: /healthz, labels: [public], ca: certs/ca.pem}
    hosts:
      web1: ssh://deploy@web1.example.com
      edge: {address: 192.0.2.1}
    containers:
      cache:
      web: shop-web-1
    databases:
      main: postgresql://shop@db.example.com/shop
    documents: {runbook: docs/runbook.md}
    policy: {min_score: 75, block: high, allow: [active], weights: {low: 0}}
""",
    )
    assert made.checklists == (base / "CHECK.md",)
    assert made.signoffs == base / "people/signoffs.yaml"
    assert made.roles == {"owner": ("a@example.com", "b@example.com")}
    target = made.target
    assert [resource.key for resource in target.resources] == [
        "url:shop",
        "url:api",
        "readiness_host:web1",
        "readiness_host:edge",
        "container:cache",
        "container:web",
        "postgres:main",
        "document:runbook",
    ]
    assert [resource.where for resource in target.resources] == [
        "https://shop.example.com",
        "https://api.example.com:8443/v1",
        "ssh://deploy@web1.example.com",
        "192.0.2.1",
        "cache",
        "shop-web-1",
        "db.example.com/shop",
        str(base / "docs/runbook.md"),
    ]
    api = target.of("url")[1]
    assert isinstance(api, Url)
    assert (api.host, api.port, api.secure, api.ca) == ("api.example.com", 8443, True, base / "certs/ca.pem")
    assert (target.policy.min_score, target.policy.block, target.policy.allow) == (75, "high", ("active",))
    assert (target.policy.weights.low, target.policy.weights.critical) == (0, 10)
    assert made.declared["url"] == {"shop", "api", "public"}


def test_every_mistake_is_told_at_once_with_line_and_nearest_name(base: Path) -> None:
    told = mistakes(
        base,
        """\

checklists: [CHECK.md, GONE.md]
targets:
  prod:
    urlz: {shop: https://shop.example.com}
    polcy: {}
    urls:
      shop: {url: ftp://shop.example.com}
      api: {url: https://api.example.com, helth: /healthz}
      user: https://app:secret@shop.example.com
      none: {health: /healthz}
      port: https://shop.example.com:99999
    hosts:
      web: {}
      db: telnet://db.example.com
      mail: ssh://root:password@mail.example.com
    databases:
      main: {ca: ca.pem}
      other: oracle://db.example.com/x
    domains: [shop.example.com]
    documents: {"not a name": runbook.md}
    policy: {min_score: 101, block: urgent, allow: [all], weights: {critical: -1, hihg: 2}}
""",
    )
    assert {int(line.split(":")[1]) for line in told} == {2, 5, 6, 8, 9, 10, 11, 12, 14, 15, 16, 18, 19, 20, 21, 22}
    text = "\n".join(told)
    for expected in (
        "readiness.yaml:2: GONE.md does not exist.",
        "readiness.yaml:5: Unknown key 'urlz' in target 'prod'. Did you mean 'urls'?",
        "readiness.yaml:6: Unknown key 'polcy' in target 'prod'. Did you mean 'policy'?",
        "readiness.yaml:8: Url 'shop', 'url': 'ftp://shop.example.com' must begin with http:// or https://.",
        "readiness.yaml:9: Unknown key 'helth' in url 'api'. Did you mean 'health'?",
        "readiness.yaml:11: Url 'none' lacks 'url'.",
        "readiness.yaml:14: Host 'web': a host needs 'connection' or 'address'.",
        "readiness.yaml:15: Host 'db', 'connection': 'telnet://db.example.com' must begin with",
        "readiness.yaml:16: Host 'mail', 'connection': a password in a connection would show",
        "readiness.yaml:18: Database 'main' must give its engine (mongodb, mysql, postgres, redis)",
        "readiness.yaml:20: 'domains' must map names to resources.",
        "readiness.yaml:21: Document 'not a name', 'name': ",
        "readiness.yaml:22: Target 'prod', 'policy.min_score': ",
        "readiness.yaml:22: Unknown key 'hihg' in target 'prod'. Did you mean 'high'?",
    ):
        assert expected in text
    for secret in ("app:secret", "root:password"):
        assert secret not in text


@pytest.mark.parametrize(("share", "percent"), [("0.95", "95"), ("1", "100"), ("1.0", "100")])
@pytest.mark.parametrize("policy", ["min_score: {}", "sections: {{s: {}}}"])
def test_a_score_is_of_a_hundred(base: Path, policy: str, share: str, percent: str) -> None:
    (told,) = mistakes(base, f"targets:\n  prod:\n    policy: {{{policy.format(share)}}}\n")
    assert told.startswith("readiness.yaml:3: Target 'prod', 'policy.")
    assert f"is of 100, so that {float(share):g} would let nearly everything pass; write {percent}." in told


def test_a_conflict_that_a_merge_left_is_told(base: Path) -> None:
    (told,) = mistakes(base, "targets:\n<<<<<<< HEAD\n  prod: {}\n=======\n  test: {}\n>>>>>>> other\n")
    assert told == (
        "readiness.yaml:2: The configuration file holds a conflict of a merge that nobody has resolved ('<<<<<<<')."
    )


def test_an_unknown_key_of_the_file(base: Path) -> None:
    assert mistakes(base, "checklist: [CHECK.md]\ntargets: {prod: }\n") == [
        "readiness.yaml:1: Unknown key 'checklist' in the file readiness.yaml. Did you mean 'checklists'?"
    ]


@pytest.mark.parametrize("text", ["targets: {}\n", "targets: []\n", "targets:\n", "checklists: [CHECK.md]\n"])
def test_a_file_without_targets(base: Path, text: str) -> None:
    assert any("There is no target 'prod'." in line for line in mistakes(base, text))


def test_an_unknown_target_is_told_with_the_nearest(base: Path) -> None:
    text = "targets:\n  production: {}\n  staging: {}\n"
    assert mistakes(base, text, "prodction") == [
        "readiness.yaml:1: There is no target 'prodction'. Did you mean 'production'?"
    ]
    assert mistakes(base, text, "x") == ["readiness.yaml:1: There is no target 'x'. Known: production, staging."]


@pytest.mark.parametrize("value", ["text", "5", "[a]"])
def test_a_target_must_be_a_mapping(base: Path, value: str) -> None:
    assert mistakes(base, f"targets:\n  prod: {value}\n")[0].startswith("readiness.yaml:2: ")


def test_a_target_extends_another_field_by_field(base: Path) -> None:
    made = load(
        base,
        """
targets:
  base:
    urls:
      shop: {url: https://shop.example.com, health: /healthz}
      admin: https://admin.example.com
    policy: {min_score: 50, weights: {low: 3}}
  middle: {extends: base, description: middle}
  prod:
    extends: middle
    urls:
      shop: https://shop.example.org
      admin:
    policy: {weights: {high: 4}}
""",
    )
    (shop,) = made.target.resources
    assert isinstance(shop, Url)
    assert (shop.url, shop.health) == ("https://shop.example.org", "/healthz")
    assert made.target.description == "middle"
    assert (made.target.policy.min_score, made.target.policy.weights.low, made.target.policy.weights.high) == (50, 3, 4)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ("prod: {extends: stagin}\n  staging: {}", "extends 'stagin', which does not exist. Did you mean 'staging'?"),
        ("prod: {extends: prod}", "Target 'prod' extends 'prod', which extends it in turn."),
        ("prod: {extends: b}\n  b: {extends: prod}", "Target 'b' extends 'prod', which extends it in turn."),
    ],
)
def test_extends_must_lead_somewhere(base: Path, targets: str, expected: str) -> None:
    (told,) = mistakes(base, f"targets:\n  {targets}\n")
    assert expected in told


def test_variables(base: Path) -> None:
    text = """
targets:
  prod:
    description: "${NAME:-unnamed} costs $$5"
    urls: {shop: "https://${HOST}:${PORT:-8443}/"}
"""
    made = load(base, text, HOST="shop.example.com")
    assert made.target.description == "unnamed costs $5"
    assert made.target.resources[0].where == "https://shop.example.com:8443/"
    assert load(base, text, HOST="h", PORT="1").target.resources[0].where == "https://h:1/"
    for empty in ({}, {"HOST": ""}):
        assert mistakes(base, text, **empty) == [
            "readiness.yaml:5: The environment variable HOST is not set; the configuration needs it "
            "here: set it, or take this entry out."
        ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("${NONE:-${A}}", "1"),
        ("${NONE:-x${NONE:-${A}}y}", "x1y"),
        ("${A:-${NONE}}", "1"),
        ("$${A} $A $$", "${A} $A $"),
        ("${A}}", "1}"),
    ],
)
def test_a_default_may_hold_variables(base: Path, written: str, read: str) -> None:
    assert load(base, f"targets:\n  prod: {{description: '{written}'}}\n", A="1").target.description == read


OTHER = """
targets:
  prod: {urls: {shop: "https://shop.example.com"}}
  other:
"""


@pytest.mark.parametrize(
    "written",
    [
        "policy: {min_score: '${LEAST}', sections: {'${A}': 90}}",
        "policy: {max_drop: '${LEAST}'}",
        "level: '${LEVEL}'",
        "databases: {main: {engine: '${ENGINE}', dsn: 'postgresql://u:p@db/shop'}}",
        "databases: {main: {dsn: '${DSN}'}}",
        "urls: {api: '${API}', admin: {url: 'https://admin.example.com', labels: ['${LABEL}']}}",
    ],
)
def test_what_another_target_lacks_here_is_no_mistake(base: Path, written: str) -> None:
    (shop,) = load(base, f"{OTHER}    {written}\n").target.resources
    assert shop.name == "shop"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("urls: {api: 'ftp://$${HOST}'}", "Url 'api', 'url': 'ftp://${HOST}'"),
        ("policy: {min_score: '$${LEAST}'}", "Target 'other', 'policy.min_score': must be a number"),
        ("policy: {min_score: '${LEAST}', block: severe}", "Target 'other', 'policy.block':"),
    ],
)
def test_mistakes_of_another_target_are_told(base: Path, written: str, told: str) -> None:
    (told_of,) = mistakes(base, f"{OTHER}    {written}\n")
    assert told in told_of


@pytest.mark.parametrize(
    "written", ["${A", "${", "${}", "${A-x}", "${A:?x}", "${a b}", "${A:-x", "${A:-${B}", "x ${1}"]
)
def test_what_begins_no_variable_is_refused_and_not_shown(base: Path, written: str) -> None:
    [told] = mistakes(base, f"targets:\n  prod:\n    description: 'hunter-{written}'\n", A="1", B="2")
    assert told.startswith("readiness.yaml:3: A '${' begins no variable, or is not closed; write ${NAME}")
    assert "hunter" not in told


def test_a_nested_default_that_is_not_set_is_told(base: Path) -> None:
    assert mistakes(base, "targets:\n  prod: {description: '${NONE:-${LOST}}'}\n") == [
        "readiness.yaml:2: The environment variable LOST is not set; the configuration needs it "
        "here: set it, or take this entry out."
    ]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("min_score: true", "'policy.min_score': must be a number, not true or false."),
        ("max_drop: false", "'policy.max_drop': must be a number, not true or false."),
        ("weights: {high: true}", "'policy.weights.high': must be a number, not true or false."),
        ("sections: {web: true}", "'policy.sections.web': must be a number, not true or false."),
        ("min_score: many", "'policy.min_score': must be a number."),
        ("min_score: 101", "'policy.min_score': must be at most 100, not 101."),
        ("weights: 5", "'policy.weights': must be a mapping, such as {key: value}."),
        ("allow: active", "'policy.allow': must be a list, such as [a, b]."),
        ("block: hihg", "'policy.block': must be 'critical', 'high', 'medium' or 'low', not 'hihg'."),
    ],
)
def test_a_wrong_value_is_told_with_what_is_right(base: Path, policy: str, told: str) -> None:
    assert mistakes(base, f"targets:\n  prod:\n    policy: {{{policy}}}\n") == [
        f"readiness.yaml:3: Target 'prod', {told}"
    ]


@pytest.mark.parametrize("field", ["ca", "client_cert"])
def test_a_file_that_a_resource_needs_must_be_there(base: Path, field: str) -> None:
    text = (
        f"targets:\n  prod:\n    urls:\n      shop:\n        url: https://shop.example.com\n        {field}: gone.pem\n"
    )
    told = mistakes(base, text)
    assert f"readiness.yaml:6: Url 'shop', '{field}': gone.pem does not exist. Correct the path, or write it." in told
    # Another target's files may be on another machine.
    assert load(base, f"{text}  other:\n", "other").target.resources == ()


def test_variables_come_from_the_environment_and_are_overridden(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "environment.example.com")
    text = "targets:\n  prod: {urls: {shop: 'https://${HOST}'}}\n"
    assert load(base, text).target.resources[0].where == "https://environment.example.com"
    assert load(base, text, HOST="hook.example.com").target.resources[0].where == "https://hook.example.com"


def test_variables_are_not_looked_for_in_their_values(base: Path) -> None:
    made = load(base, "targets:\n  prod: {description: '${A}'}\n", A="${B} $$")
    assert made.target.description == "${B} $$"


@pytest.mark.parametrize("written", ["ssh://-oProxyCommand=$${X}", "ssh://${OPTION}", "ssh://%2DoX@$${X}"])
def test_a_dollar_sign_switches_nothing_off(base: Path, written: str) -> None:
    """What is used is validated, whatever it looks like after its variables were replaced."""
    text = f'targets: {{prod: {{hosts: {{web: "{written}"}}}}}}'
    assert "is no name of a user or host" in mistakes(base, text, OPTION="-oProxyCommand=${X}")[0]
    path = base / "readiness.yaml"
    with pytest.raises(ProblemsError, match="is no name of a user or host"):
        load_configuration(path, "prod", {"OPTION": "-oProxyCommand=${X}"}, resolve=False)


def test_another_targets_variables_secrets_and_files_do_not_matter(base: Path) -> None:
    made = load(
        base,
        """
targets:
  prod: {urls: {shop: https://shop.example.com}}
  staging:
    urls: {next: "https://${NOT_SET}", known: {url: https://known.example.com, labels: [public]}}
    databases:
      main: ${NOT_SET_EITHER}
      other: {engine: postgres, dsn: {file: /nowhere/secret}}
      third: {engine: redis, dsn: {command: "exit 1"}}
""",
    )
    assert made.declared["url"] == {"shop", "next", "known", "public"}
    # What cannot be told here may be any of them: a binding that names it is not a mistake.
    assert made.declared["postgres"] == {"main", "other"}
    assert made.declared["redis"] == {"main", "third"}


def test_a_database_whose_connection_string_is_not_set_has_no_secret_to_tell(base: Path) -> None:
    (base / "readiness.yaml").write_text(
        """
targets:
  prod:
    databases: {main: {engine: postgres, dsn: "${NOT_SET}"}}
    urls:
      shop: {url: https://shop.example.com, credentials: &all {login: {token: "${TOKEN_NOT_SET}"}}}
      api: {url: https://api.example.com, credentials: *all}
""",
        "utf-8",
    )
    made = load_configuration(base / "readiness.yaml", "prod", resolve=False)
    assert [each.name for each in made.target.of("postgres")] == ["main"]
    assert "" not in made.secrets
    assert [problem.line for problem in made.unset] == [4, 6]


def test_a_url_whose_port_is_not_set_has_its_credentials_all_the_same(base: Path) -> None:
    (base / "readiness.yaml").write_text(
        """
targets:
  prod:
    urls:
      shop:
        url: "https://localhost:${NOT_SET}"
        credentials: {login: {user: customer, password: "${PASSWORD_NOT_SET}"}}
      api:
        url: "https://localhost:${NOT_SET}"
        credentials: {login: {user: customer}}
""",
        "utf-8",
    )
    target = load_configuration(base / "readiness.yaml", "prod", resolve=False).target
    shop, api = target.of("url")
    assert isinstance(shop, Url)
    assert shop.credential("login").user == "customer"
    assert isinstance(api, Url)
    assert api.credentials == {}


def test_another_targets_mistakes_are_mistakes(base: Path) -> None:
    (told,) = mistakes(base, "targets:\n  prod: {}\n  staging: {urls: {shop: {url: https://a.example.com, x: 1}}}\n")
    assert told.startswith("readiness.yaml:3: Unknown key 'x' in url 'shop'.")


@pytest.mark.parametrize(
    ("dsn", "model", "kind"),
    [
        ("postgresql://u@h/d", Postgres, "postgres"),
        ("postgres://u@/d?host=/run/postgresql", Postgres, "postgres"),
        ("mysql://u@h/d", Mysql, "mysql"),
        ("mariadb://u@h/d", Mysql, "mysql"),
        ("redis://h/0", Redis, "redis"),
        ("rediss://h/0", Redis, "redis"),
        ("mongodb+srv://h/d", Mongodb, "mongodb"),
    ],
)
def test_engines_of_databases(base: Path, dsn: str, model: type, kind: str) -> None:
    for written in (dsn, f"{{dsn: '{dsn}'}}", f"{{engine: {kind}, dsn: '{dsn}'}}"):
        (made,) = load(base, f"targets:\n  prod:\n    databases:\n      main: {written}\n").target.resources
        assert type(made) is model
        assert made.kind == kind


def test_an_engine_and_a_scheme_must_agree(base: Path) -> None:
    (told,) = mistakes(base, "targets:\n  prod:\n    databases: {main: {engine: redis, dsn: 'mysql://h/d'}}\n")
    assert "the connection string must look like redis://user@host/name" in told


def test_secrets_from_everywhere(base: Path) -> None:
    (base / "dsn.txt").write_text(f"{DSN}\n", encoding="utf-8")
    for written in (
        DSN,
        "${DATABASE_URL}",
        "{engine: postgres, dsn: 'file:dsn.txt'}",
        "{engine: postgres, dsn: {file: dsn.txt}}",
        "{engine: postgres, dsn: {command: cat dsn.txt}}",
    ):
        text = f"targets:\n  prod:\n    databases:\n      main: {written}\n"
        made = load(base, text, DATABASE_URL=DSN)
        (main,) = made.target.resources
        assert isinstance(main, Postgres)
        assert main.dsn.get_secret_value() == DSN
        assert {DSN, SECRET} <= set(made.secrets)
        assert main.where == "db.example.com:5433/shop"
        assert SECRET not in f"{main} {main!r} {main.model_dump_json()} {made.target}"


def test_a_percent_encoded_password_is_known_in_both_forms(base: Path) -> None:
    made = load(base, "targets:\n  prod:\n    databases: {main: 'redis://:p%40ss%2Fword@h/0'}\n")
    assert {"p%40ss%2Fword", "p@ss/word"} <= set(made.secrets)


def test_values_of_variables_that_are_named_like_secrets_are_secrets(base: Path) -> None:
    made = load(base, "targets:\n  prod: {description: '${API_TOKEN} ${HOST}'}\n", API_TOKEN="tok-12345", HOST="shop")
    assert made.secrets == ("tok-12345",)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{file: gone.txt}", "the secret file gone.txt cannot be read: No such file or directory"),
        ("{file: latin.txt}", "the secret file latin.txt cannot be read: it is not UTF-8"),
        ("{file: empty.txt}", "the secret from file 'empty.txt' is empty"),
        ("{file: .}", "cannot be read: Is a directory"),
        ("{command: 'echo nonsense; exit 3'}", "the secret command 'echo …' ended with exit code 3"),
        ("{command: 'true'}", "the secret from command 'true' is empty"),
        (r"{command: 'printf \\351'}", "did not print UTF-8"),
        ("{file: a, command: b}", "a secret is a text, 'file:PATH', {file: PATH} or {command: LINE}"),
        ("{}", "a secret is a text, 'file:PATH', {file: PATH} or {command: LINE}"),
    ],
)
def test_secrets_that_cannot_be_had(base: Path, written: str, expected: str) -> None:
    (base / "latin.txt").write_bytes(b"caf\xe9")
    (base / "empty.txt").write_bytes(b"\n")
    (told,) = mistakes(base, f"targets:\n  prod:\n    databases:\n      main: {{engine: postgres, dsn: {written}}}\n")
    assert told.startswith("readiness.yaml:4: Postgres 'main', 'dsn")
    assert expected in told


@pytest.mark.parametrize(
    "resource",
    [
        "urls: {shop: '${API_TOKEN}'}",
        "urls: {shop: {url: 'https://shop.example.com', plain_http: '${API_TOKEN}'}}",
        "hosts: {web: '${API_TOKEN}'}",
        "databases: {main: '${API_TOKEN}'}",
        "databases: {main: {engine: redis, dsn: '${API_TOKEN}'}}",
        "databases: {main: {engine: '${API_TOKEN}', dsn: x}}",
        "domains: {shop: '${API_TOKEN}'}",
        "policy: {block: '${API_TOKEN}'}",
        "policy: {min_score: '${API_TOKEN}'}",
        "extends: '${API_TOKEN}'",
    ],
)
def test_no_mistake_tells_a_secret(base: Path, resource: str) -> None:
    told = mistakes(base, f"targets:\n  prod:\n    {resource}\n", API_TOKEN="Tok-12345-é/")
    assert told
    assert "12345" not in "\n".join(told)


def test_files_that_are_no_configuration(base: Path) -> None:
    for text, expected in (
        ("", "The configuration file is empty"),
        ("a: [", "is not YAML"),
        ("a: 1\na: 2\ntargets: {prod: {}}\n", "The key 'a' occurs twice"),
    ):
        assert any(expected in line for line in mistakes(base, text))
    (base / "readiness.yaml").write_bytes(b"targets: {prod: {description: caf\xe9}}\n")
    with pytest.raises(ProblemsError, match="is not UTF-8"):
        load_configuration(base / "readiness.yaml", "prod")


def test_where_the_configuration_is_found(tmp_path: Path) -> None:
    root, below = tmp_path / "root", tmp_path / "a" / "b"
    for folder in (root, below):
        folder.mkdir(parents=True)
    assert find_configuration(root, below) is None
    (tmp_path / "readiness.yaml").touch()
    assert find_configuration(root, below) == tmp_path / "readiness.yaml"
    (below / "readiness.yaml").touch()
    assert find_configuration(root, below) == below / "readiness.yaml"
    (root / "readiness.yaml").touch()
    assert find_configuration(root, below) == root / "readiness.yaml"


GOOD = [
    "targets: {prod: }",
    "targets: {prod: {}}",
    "checklists: [CHECK.md]\nroles: {o: [a]}\nsignoffs: s.yaml\nwaivers: w.yaml\ntargets: {prod: {extends: b}, b: }",
    "targets: {prod: {urls: {shop: 'https://shop.example.com'}, containers: {web: , db: {engine: 'unix:///x'}}}}",
    "targets: {prod: {urls: {shop: {url: 'https://shop.example.com', health: /h, labels: [public]}}}}",
    "targets: {prod: {databases: {main: 'redis://h/0', b: {engine: postgres, dsn: {command: 'echo postgres://u@h/d'}}}}}",
    "targets: {prod: {policy: {min_score: 80.5, block: low, allow: [active, disruptive], weights: {low: 0}}}}",
    "targets: {prod: {hosts: {a: 'local://', b: {connection: 'ssh://x', sudo: true}}, domains: {d: example.com}}}",
    "targets: {prod: {env_files: {e: a.env}, documents: {d: {path: a.md, labels: [runbook]}}, repositories: {r: .}}}",
    "targets: {base: {urls: {shop: 'https://a.example.com'}}, prod: {extends: base, urls: {shop: }}}",
    "targets: {base: {urls: {shop: 'https://a.example.com'}}, prod: {extends: base, urls: {shop: {health: /h}}}}",
]
BAD = [
    "checklists: []",
    "targets: {prod: {urlz: {}}}",
    "targets: {prod: {urls: {shop: {url: 'https://a.example.com', helth: /x}}}}",
    "targets: {prod: {policy: {block: urgent}}}",
    "targets: {prod: {policy: {min_score: 200}}}",
    "targets: {prod: {urls: [a]}}",
    "unknown: 1\ntargets: {prod: {}}",
]


def schema_errors(text: str) -> list[str]:
    data: Any = json.loads(json.dumps(YAML(typ="safe").load(text)))
    validator = jsonschema.Draft202012Validator(configuration_schema())
    return [error.message for error in validator.iter_errors(data)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(configuration_schema())


@pytest.mark.parametrize("text", GOOD)
def test_the_schema_accepts_what_the_loader_accepts(base: Path, text: str) -> None:
    load(base, text)
    assert schema_errors(text) == []


@pytest.mark.parametrize("text", BAD)
def test_the_schema_refuses_what_the_loader_refuses(base: Path, text: str) -> None:
    assert mistakes(base, text)
    assert schema_errors(text)


@pytest.mark.parametrize(
    "resource",
    [
        "urls: {shop: 'http://127.0.0.1:0'}",
        "urls: {shop: {url: 'http://127.0.0.1', plain_http: 'http://127.0.0.1:0'}}",
        "mail: {out: 'smtp.example.com:0'}",
        "hosts: {web: 'ssh://web.example.com:0'}",
        "domains: {shop: {domain: shop.example.com, resolvers: ['192.0.2.1:0']}}",
        "inboxes: {in: {inbox: 'imaps://mail.example.com:0', user: u, password: p}}",
        "databases: {main: 'postgresql://u@db.example.com:0/shop'}",
    ],
)
def test_a_port_that_nothing_listens_on_is_refused(base: Path, resource: str) -> None:
    [mistake] = mistakes(base, f"targets: {{prod: {{{resource}}}}}\n")
    assert "from 1 to 65535" in mistake


@pytest.mark.parametrize(
    "resource", ["urls: {shop: 'https://a..example.com'}", f"endpoints: {{ldap: '{'a' * 64}.example.com:636'}}"]
)
def test_what_cannot_be_a_host_name_is_refused(base: Path, resource: str) -> None:
    [mistake] = mistakes(base, f"targets:\n  prod:\n    {resource}\n")
    assert "is not a host name" in mistake
    assert "readiness.yaml:3" in mistake


@pytest.mark.parametrize(
    ("credential", "told"),
    [
        ("headers: {X-Key: '${SECRET}'}", "the header X-Key would hold a line break"),
        ("headers: {X-Key: 'costs 5 €'}", "or what is not Latin-1"),
        ("headers: {Content-Length: '7'}", "says how a request is read"),
    ],
)
def test_a_credential_that_cannot_be_sent_is_refused(base: Path, credential: str, told: str) -> None:
    url = f"shop: {{url: 'https://a.example', credentials: {{clerk: {{{credential}}}}}}}"
    [mistake] = mistakes(base, f"targets: {{prod: {{urls: {{{url}}}}}}}\n", SECRET="secret-of-the-clerk\n")
    assert told in mistake
    assert "secret-of-the-clerk" not in mistake


def test_an_unknown_key_at_any_depth_is_told_without_its_value(base: Path) -> None:
    text = (
        "targets: {prod: {urls: {shop: {url: 'https://a.example', credentials: {clerk: {tokn: '${CLERK_TOKEN}'}}}}}}\n"
    )
    told = "\n".join(mistakes(base, text, CLERK_TOKEN="secret-of-the-clerk"))
    assert "Unknown key 'tokn' in url 'shop'. Did you mean 'token'?" in told
    assert "secret-of-the-clerk" not in told


@pytest.mark.parametrize("weight", ["1.0e+308", "1000001", ".inf", ".nan", "-1"])
def test_a_weight_can_be_summed(base: Path, weight: str) -> None:
    [mistake] = mistakes(base, f"targets:\n  prod:\n    policy:\n      weights: {{high: {weight}, low: 1000000}}\n")
    assert "readiness.yaml:4: Target 'prod', 'policy.weights.high': must be " in mistake


def test_a_resource_may_be_named_like_the_way_to_a_secret(base: Path) -> None:
    text = (
        "targets: {prod: {urls: {command: 'https://${HOST}'}, mail: {command: {server: '${HOST}', user: u, password: "
    )
    made = load(base, text + "{command: 'echo $$HOME ${HOST:-x}'}}}}}\n", HOST="shop.example.com")
    url, mail = made.target.resources
    assert (url.where, mail.where) == ("https://shop.example.com", "shop.example.com:587")


@pytest.mark.parametrize(
    ("section", "declared", "words"),
    [
        ("domains", "'https://shop.example.com'", "must be a domain's name alone, such as shop.example.com"),
        ("mail", "{server: smtp.example.com, sender: 'the shop'}", "must be one mail address alone"),
        ("documents", "{path: runbook.md, labels: ['two words']}", "must be a word of letters, digits"),
    ],
)
def test_how_a_text_is_written_is_told_in_words(base: Path, section: str, declared: str, words: str) -> None:
    (base / "runbook.md").touch()
    (told,) = mistakes(base, f"targets: {{prod: {{{section}: {{shop: {declared}}}}}}}")
    assert words in told
    assert "regular expression" not in told

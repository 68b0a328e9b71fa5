"""Secrets in env files: defaults, likeness, sizes of keys, passwords in addresses."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_readiness.config.target import Target
from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.env.resource import EnvFile
from pytest_readiness.domains.env.secrets import alike, is_worthless
from pytest_readiness.domains.source.resource import Repository
from tests.judging import judge
from tests.stack.repositories import Repo

ONE = "x7Qp2Lr9Tz4Vb8Nk3Wm6Jc5H"
TWO = "kD3vZq8YtR1wLs6XhB9nGf2C"
HEX = "9f8c1de07ab34652e1d7094c5ab86f239f01c6e27ab34652e1d7094cbab86f11"
KEY = "Zk3pQ8vT1xYb6LwRj9HsUe0MgC5dNaKf7PoI2tXqVuE="


@pytest.fixture
def env(tmp_path: Path) -> Callable[..., Evidence]:
    """Judge a file beside others, by name."""

    def judged(id: str, text: str, others: dict[str, str] | None = None, **parameters: Any) -> Evidence:
        files = []
        for name, written in {"shop": text, **(others or {})}.items():
            path = tmp_path / f"{name}.env"
            path.write_text(written, encoding="utf-8")
            files.append(EnvFile(name=name, path=path, dialect="dotenv"))
        repository = Repository(name="shop", path=tmp_path / "source")
        return judge(id, files[0], target=Target("prod", resources=(*files, repository)), **parameters)

    return judged


DEFAULTS = (
    "changeme",
    "Changeme1!",
    "CHANGEMECHANGEME",
    base64.b64encode(b"changeme-please").decode(),
    "django-insecure-x7Qp2Lr9Tz4Vb8Nk3Wm6Jc5HkD3vZq8YtR1wLs6X",
    "AckfSECXIvnK5r28GVIWUAxmbBSjTsmF",
    "base64:" + base64.b64encode(b"AckfSECXIvnK5r28GVIWUAxmbBSjTsmF").decode(),
    "sw2ycwtib9zpoohopsmm",
    "postgres://shop:postgres@db.shop.test/shop",
    "postgres://shop:shop@db.shop.test/shop",
    "postgres://shop:pass%77ord@db.shop.test/shop",
    "redis://:foobared@cache.shop.test",
    "jdbc:postgresql://db.shop.test/shop?user=shop&password=hunter2",
)


@pytest.mark.parametrize("value", DEFAULTS)
def test_known_defaults_are_none(env: Any, value: str) -> None:
    with pytest.raises(ClaimFalse, match="a well-known default in K"):
        env("env.not_default", f"K='{value}'\n", {"example": "K=a\n"}, names=["K"], example="example")


@pytest.mark.parametrize("value", [ONE, HEX, KEY, f"base64:{KEY}", f"postgres://shop:{ONE}@db.shop.test/shop"])
def test_random_secrets_are_no_defaults(value: str) -> None:
    assert not is_worthless("SECRET_KEY", value)


def test_not_default_compares_with_the_example(env: Any) -> None:
    shared = {"example": f"A=\nB='{ONE}'\nURL=postgres://shop:{TWO}@localhost/shop\n"}
    for value in (
        ONE,
        base64.b64encode(ONE.encode()).decode(),
        f"postgres://shop:{TWO}@db.shop.test/shop",
        TWO,
        f"{TWO}2026",
    ):
        with pytest.raises(ClaimFalse, match="a value of example in K"):
            env("env.not_default", f"K='{value}'\n", shared, names=["K"], example="example")
    told = env("env.not_default", f"K={HEX}\nPORT=8080\n", shared, names=["K"], example="example").text
    assert told == "1 variable (K): none is a known default, none is one of the 2 values of example"
    for empty in ("A=\n", "# nothing\n"):
        with pytest.raises(CouldNotVerify, match="sets no variable to a value"):
            env("env.not_default", f"K={HEX}\n", {"example": empty}, names=["K"], example="example")
    with pytest.raises(CouldNotVerify, match="on line 2"):
        env("env.not_default", f"K={HEX}\n", {"example": "A=1\nodd line\n"}, names=["K"], example="example")
    with pytest.raises(CouldNotVerify, match=r"refers|holds"):
        env("env.not_default", "K=${OTHER}\n", shared, names=["K"], example="example")
    with pytest.raises(ClaimFalse, match="K is not set"):
        env("env.not_default", "L=1\n", shared, names=["K"], example="example")
    with pytest.raises(NotDeclared, match="neither an example nor"):
        env("env.not_default", f"K={HEX}\n", names=["K"])
    with pytest.raises(NotDeclared, match="with itself"):
        env("env.not_default", f"K={HEX}\n", names=["K"], example="shop")


def test_not_default_searches_the_source(env: Any, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "source")
    repo.commit(
        {
            "app.py": f'import os\nKEY = os.getenv("K", "{ONE}")\n',
            "lfs.bin": "version https://git-lfs.github.com/spec/v1\n",
        }
    )
    repo.write({"later.py": f"{HEX}\n"})
    for value in (ONE, f"postgres://shop:{ONE}@db.shop.test/shop", base64.b64encode(ONE.encode()).decode()):
        with pytest.raises(ClaimFalse, match="K in app\\.py, line 2"):
            env("env.not_default", f"K={value}\n", names=["K"], repository="shop")
    # What is not in the commit is not in the source, and a piece of a word is none.
    told = env("env.not_default", f"K={HEX}\nL={ONE[2:14]}\n", names=["K", "L"], repository="shop").text
    assert "none is in the 1 files of" in told
    assert "(1 not looked at)" in told
    with pytest.raises(CouldNotVerify, match="too short"):
        env("env.not_default", "K=x7Q\n", names=["K"], repository="shop")
    (tmp_path / "source" / ".git" / "HEAD").unlink()
    with pytest.raises(CouldNotVerify):
        env("env.not_default", f"K={HEX}\n", names=["K"], repository="shop")


SAME = (
    (ONE, ONE),
    (ONE, f" {ONE} "),
    (ONE, base64.b64encode(ONE.encode()).decode()),
    (HEX, base64.b64encode(bytes.fromhex(HEX)).decode()),
    (f"base64:{KEY}", KEY),
    (ONE, ONE.upper()),
    (ONE, f"{ONE}_prod"),
    (ONE, f"{ONE}{TWO}"),
    (ONE, ONE[:-3] + "abc"),
    (ONE, f"a{ONE[1:12]}{ONE[13:]}b"),
    ("shop-secret-prod", "shop-secret-dev"),
    ("shop-secret-prod-2025", "shop-secret-staging-2026"),
    (f"postgres://shop:{ONE}@a.shop.test/shop", f"postgres://other:{ONE}@b.shop.test/shop"),
    ("postgres://shop:p%40ssw0rdXY@a.shop.test/s", "redis://:p@ssw0rdXY@b.shop.test".replace("p@", "p%40")),
    (f"postgres://shop:{ONE}@a.shop.test/shop", ONE),
)
OTHER = (
    (ONE, TWO),
    (HEX, KEY),
    ("7431", "9026"),
    (f"sk_live_51AbCdEfGhIjKlMn{ONE}{ONE[::-1]}", f"sk_live_51AbCdEfGhIjKlMn{TWO}{TWO[::-1]}"),
    (f"postgres://shop:{ONE}@a.shop.test/shop", f"postgres://shop:{TWO}@a.shop.test/shop"),
    ("018f3b5c-7a10-7cc3-98c4-dc0c0c07398f", "018f3b5c-7a10-7d54-a1b2-3e4f5a6b7c8d"),
)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_secrets_that_are_alike(env: Any, one: str, other: str) -> None:
    for own, its in ((one, other), (other, one)):
        with pytest.raises(ClaimFalse, match=r"K has (the same secret|secrets that differ by little)"):
            env("env.differs", f"K='{own}'\n", {"dev": f"K='{its}'\n"}, names=["K"], other="dev")
        with pytest.raises(ClaimFalse, match="A and B have"):
            env("env.distinct", f"A='{own}'\nC={HEX[::-1]}\nB='{its}'\n", names=["A", "B", "C"])
        assert env("env.distinct", f"A='{own}'\nC={HEX[::-1]}\nB='{its}'\n", names=["A", "B", "C"], same=[["A", "B"]])


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_secrets_that_are_not_alike(env: Any, one: str, other: str) -> None:
    assert not alike([one], [other])
    assert env("env.differs", f"K={one}\n", {"dev": f"K={other}\n"}, names=["K"], other="dev").text == (
        "1 variable with other secrets than in dev: K"
    )
    assert env("env.distinct", f"A={one}\nB={other}\n", names=["A", "B"])


@pytest.mark.parametrize(
    ("own", "its", "error", "seen"),
    [
        ("", "", ClaimFalse, "K is not set"),
        ("K=\n", "K=\n", ClaimFalse, "K is empty"),
        (f"K={ONE}\n", "L=1\n", ClaimFalse, "in dev: K is not set"),
        (f"K={ONE}\n", "K=\n", ClaimFalse, "in dev: K is empty"),
        (f"K={ONE}\n", "K=${X}\n", CouldNotVerify, "in dev: the value of K"),
        (f"K={ONE}\n", "odd line\n", CouldNotVerify, "in dev: .*on line 1"),
        (f"K={ONE}\n", "K=/run/secrets/key\n", CouldNotVerify, "in dev: K holds the path"),
        (f"K={ONE}\n", f"K=postgres://shop:a#{ONE}@db/shop\n", CouldNotVerify, "in dev: K is no valid address"),
    ],
)
def test_differs_needs_both(env: Any, own: str, its: str, error: type[Exception], seen: str) -> None:
    with pytest.raises(error, match=seen):
        env("env.differs", own, {"dev": its}, names=["K"], other="dev")


def test_distinct_needs_two(env: Any) -> None:
    for text in ("", f"A={ONE}\n"):
        with pytest.raises(CouldNotVerify, match="two are needed"):
            env("env.distinct", text, names=["A", "B"])
    with pytest.raises(CouldNotVerify, match="does not set C"):
        env("env.distinct", f"A={ONE}\nB={TWO}\n", names=["A", "B", "C"])
    with pytest.raises(CouldNotVerify, match="may be the same"):
        env("env.distinct", f"A={ONE}\nB={TWO}\n", names=["A", "B"], same=[["A", "B"]])
    with pytest.raises(CouldNotVerify, match="two are needed"):
        env("env.distinct", f"A={ONE}\n", names=["A", "A"])
    with pytest.raises(ValidationError):
        env("env.distinct", f"A={ONE}\n", names=["A"])


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        (KEY, {}),
        (KEY.rstrip("="), {}),
        (KEY.replace("/", "_").replace("+", "-"), {}),
        (f"base64:{KEY}", {}),
        (HEX, {}),
        (f"hex:{HEX}", {}),
        (HEX[:32], {"size": 16}),
        (HEX[:32], {"encoding": "text"}),
        (ONE, {"size": 24, "encoding": "text"}),
        (ONE + "-_!?" * 2, {}),
    ],
)
def test_key_size(env: Any, value: str, parameters: dict[str, Any]) -> None:
    assert env("env.key_size", f"K='{value}'\n", names=["K"], **parameters).text.startswith(
        f"{parameters.get('size', 32)} bytes"
    )


@pytest.mark.parametrize(
    ("value", "parameters", "error", "seen"),
    [
        (KEY, {"size": 16}, ClaimFalse, "K has 32 bytes as base64"),
        (KEY, {"encoding": "hex"}, ClaimFalse, "K has what is no hex"),
        (KEY, {"encoding": "text"}, ClaimFalse, "K has 44 bytes as text"),
        (KEY[:-4], {}, ClaimFalse, "bytes as base64"),
        (HEX[:32], {}, CouldNotVerify, "K is a key of 16 bytes as hex, and one of 32 as text: declare"),
        (HEX[:32], {"encoding": "hex"}, ClaimFalse, "K has 16 bytes as hex"),
        (HEX, {"encoding": "base64"}, ClaimFalse, "K has 48 bytes as base64"),
        (f"base64:{KEY[:-8]}", {}, ClaimFalse, "bytes as base64"),
        ("ä" * 32, {}, ClaimFalse, "K has 64 bytes as text"),
        (f"{ONE}-_!?-_! ", {"encoding": "text", "size": 31}, ClaimFalse, "K has 32 bytes as text"),
        ("/run/secrets/key", {}, CouldNotVerify, "path"),
        ("", {}, ClaimFalse, "K is empty"),
        ("$(openssl rand -hex 32)", {}, ClaimFalse, "a command"),
    ],
)
def test_key_size_of_others(
    env: Any, value: str, parameters: dict[str, Any], error: type[Exception], seen: str
) -> None:
    with pytest.raises(error, match=seen):
        env("env.key_size", f"K='{value}'\n", names=["K"], **parameters)


GOOD = (
    f"postgres://shop:{ONE}@db.shop.test/shop",
    f"postgresql+asyncpg://shop:{ONE}@db.shop.test/shop",
    f"postgres://db.shop.test/shop?user=shop&password={ONE}",
    f"jdbc:postgresql://db.shop.test/shop?user=shop&password={ONE}",
    f"host=db.shop.test user=shop password={ONE}",
    f"Server=db.shop.test;Database=shop;User Id=shop;Password={ONE};",
    f"redis://:{ONE}@a.shop.test,redis://:{TWO}@b.shop.test",
    f"amqps://shop:{TWO}%2Fx@queue.shop.test/%2F",
)


@pytest.mark.parametrize("value", GOOD)
def test_dsn_passwords(env: Any, value: str) -> None:
    for names in (["DATABASE_URL"], None):
        text = f"PORT=1\nURL=https://shop.test/@x\nDATABASE_URL='{value}'\n"
        assert "in DATABASE_URL" in env("env.dsn_passwords", text, names=names).text


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("postgres://shop:x7Qp2Lr9@a-very-long-host-name.shop.test/shop", "one of 8 characters"),
        ("postgres://shop:%41%42%43%44%45%46@db.shop.test/shop", "one of 6 characters|that everybody knows"),
        ("postgres://shop:correcthorsebatterystaple@db.shop.test/shop", "that everybody knows|of about"),
        ("postgres://shop-of-the-company:Shop-of-the-company@db.shop.test/shop", "that is its user's name"),
        ("postgres://shop:changemechangemechangeme@db.shop.test/shop", "that everybody knows"),
        ("postgres://shop:@db.shop.test/shop", "an empty one"),
        (f"redis://:{ONE}@a.shop.test,redis://:short@b.shop.test", "one of 5 characters"),
        ("Server=db.shop.test;Database=shop;User Id=sa;Password=short;", "one of 5 characters"),
        ("mysql://root:aaaaaaaaaaaaaaaaaaaaaaaa@db.shop.test/shop", "that everybody knows|bits"),
        ('["redis://:short@a.shop.test"]', "one of 5 characters"),
    ],
)
def test_dsn_passwords_that_are_weak(env: Any, value: str, seen: str) -> None:
    for names in (["K"], None):
        with pytest.raises(ClaimFalse, match=f"K has (one )?({seen})"):
            env("env.dsn_passwords", f"A=postgres://shop:{ONE}@db.shop.test/shop\nK='{value}'\n", names=names)


def test_dsn_passwords_that_are_not_there(env: Any) -> None:
    good = f"A=postgres://shop:{ONE}@db.shop.test/shop\n"
    with pytest.raises(CouldNotVerify, match="K holds no password"):
        env("env.dsn_passwords", f"{good}K=postgres://shop@db.shop.test/shop\n", names=["A", "K"])
    assert env("env.dsn_passwords", f"{good}K=postgres://shop@db.shop.test/shop\n", without=["K"]).text == (
        "1 password, in A; none in K on purpose"
    )
    with pytest.raises(ClaimFalse, match="a password in A"):
        env("env.dsn_passwords", good, without=["A"])
    for names in (["K"], None):
        with pytest.raises(CouldNotVerify, match="K is no valid address: it cannot be taken apart") as error:
            env("env.dsn_passwords", f"{good}K=postgres://shop:a/b@c#d@db.shop.test/shop\n", names=names)
        assert "a/b" not in str(error.value)
    with pytest.raises(CouldNotVerify, match="K holds no address"):
        env("env.dsn_passwords", f"K={ONE}\n", names=["K"])
    with pytest.raises(NotDeclared, match="no address with a password"):
        env("env.dsn_passwords", "K=https://shop.test/\nMAIL=ops@shop.test\n")
    with pytest.raises(CouldNotVerify, match="on line 2"):
        env("env.dsn_passwords", f"{good}odd line\n")
    with pytest.raises(CouldNotVerify, match="K"):
        env("env.dsn_passwords", f"{good}K=postgres://shop:${{PW}}@db.shop.test/shop\n")


@pytest.mark.parametrize("id", ["env.differs", "env.not_default"])
def test_an_address_without_a_password_is_no_secret(env: Any, id: str) -> None:
    parameters = {"names": ["A"], "other" if id == "env.differs" else "example": "dev"}
    with pytest.raises(CouldNotVerify, match="A holds an address without a password"):
        env(id, "A=postgres://app@db/x?sslmode=require\n", {"dev": f"A={ONE}\n"}, **parameters)
    assert env(id, f"A=https://hooks.slack.com/{TWO}\n", {"dev": f"A=https://hooks.slack.com/{ONE}\n"}, **parameters)


def test_lists_of_secrets_are_compared_one_by_one(env: Any) -> None:
    other = {"dev": f"A={TWO}\n"}
    with pytest.raises(ClaimFalse, match="A has the same secret"):
        env("env.differs", f"A={ONE},{TWO}\n", other, names=["A"], other="dev")
    assert env("env.differs", f"A={ONE},{KEY}\n", other, names=["A"], other="dev")


def test_a_secret_in_a_file_was_not_seen(env: Any) -> None:
    with pytest.raises(CouldNotVerify, match="A is set by a file that A_FILE names"):
        env("env.key_size", "A_FILE=/run/secrets/a\n", names=["A"])
    with pytest.raises(ClaimFalse, match="B is not set"):
        env("env.key_size", "A_FILE=/run/secrets/a\n", names=["A", "B"])


def test_a_key_that_begins_with_0x(env: Any) -> None:
    with pytest.raises(CouldNotVerify, match="begins with 0x"):
        env("env.key_size", f"A=0x{HEX}\n", names=["A"])
    assert env("env.key_size", f"A=0x{HEX}\n", names=["A"], encoding="hex")

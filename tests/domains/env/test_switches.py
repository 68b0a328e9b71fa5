"""Switches of debugging and of cookies in real env files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence
from pytest_readiness.domains.env.resource import EnvFile
from tests.judging import judge


@pytest.fixture
def env(tmp_path: Path) -> Any:
    path = tmp_path / "production.env"

    def judged(id: str, text: str, dialect: Any = None, **parameters: Any) -> Evidence:
        path.write_text(text)
        return judge(id, EnvFile(name="shop", path=path, dialect=dialect), **parameters)

    return judged


@pytest.mark.parametrize(
    "lines",
    [
        *("DEBUG=False", "DEBUG=", "DEBUG=0", "DEBUG=release", "debug=off", "SHOP_DEBUG=no", "XDEBUG_MODE=off"),
        *("FLASK_DEBUG=0", "FLASK_DEBUG=false", "APP_DEBUG=false", "APP_DEBUG='(false)'", "GIN_MODE=release"),
        *("APP_ENV=production", "APP_ENV=prod-eu", "APP_ENV=staging", "RACK_ENV=deployment", "NODE_ENV=production"),
        *("ASPNETCORE_ENVIRONMENT=Production", "SPRING_PROFILES_ACTIVE=prod,metrics", "PYTHONDEVMODE="),
        "APP_DEBUG=false\nFLASK_ENV=production\nNODE_OPTIONS=--max-old-space-size=4096\nLOG_LEVEL=debug\nNO_DEBUG=1",
        "DEBUG=0\nDJANGO_SETTINGS_MODULE=shop.settings.production\nWERKZEUG_DEBUG_PIN=1234\nAPP_ENV=",
    ],
)
def test_no_debug(env: Any, lines: str) -> None:
    assert env("env.no_debug", f"A=1\n{lines}\n").text.startswith("1 variable off: ")


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ("DEBUG=True", "DEBUG is not 0, false or off"),
        ("DEBUG=app:*", "DEBUG is not 0, false or off"),
        ("debug=1", "debug is not 0, false or off"),
        ("SHOP_DEBUG=yes\nDEBUG=0", "SHOP_DEBUG is not 0, false or off"),
        ("FLASK_DEBUG=off", "FLASK_DEBUG is not 0, false or no"),
        ("APP_DEBUG=off", "APP_DEBUG is not false or 0"),
        ("APP_ENV=local", "APP_ENV names a development or test environment"),
        ("FLASK_ENV=development", "FLASK_ENV names a development or test environment"),
        ("NODE_ENV=staging", "NODE_ENV is not production"),
        ("ASPNETCORE_ENVIRONMENT=Development", "ASPNETCORE_ENVIRONMENT names a development or test environment"),
        ("SPRING_PROFILES_ACTIVE=prod,dev", "SPRING_PROFILES_ACTIVE names a development or test environment"),
        ("DEBUG=0\nWERKZEUG_DEBUG_PIN=off", "WERKZEUG_DEBUG_PIN is off, which lets everybody in"),
        ("NODE_OPTIONS=--inspect=0.0.0.0:9229", "NODE_OPTIONS has --inspect"),
        ("DJANGO_SETTINGS_MODULE=shop.settings.dev", "DJANGO_SETTINGS_MODULE names settings of development or tests"),
        ("GIN_MODE=debug\nDEBUG=1", "GIN_MODE is not release, DEBUG is not 0, false or off"),
        ("PYTHONDEVMODE=0", "PYTHONDEVMODE is not empty"),
        ('JAVA_TOOL_OPTIONS="-agentlib:jdwp=transport=dt_socket"', "JAVA_TOOL_OPTIONS has jdwp"),
    ],
)
def test_debug(env: Any, lines: str, seen: str) -> None:
    with pytest.raises(ClaimFalse) as failure:
        env("env.no_debug", f"{lines}\n")
    assert failure.value.seen == seen


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("A=1", "no known switch of debugging is set in .*production.env, so that the program's own default counts"),
        ("FLASK_ENV=production", "no known switch of debugging is set"),
        ("NODE_ENV=", "no known switch of debugging is set"),
        ("DEBUG=$DEBUG", "the value of DEBUG is not what the file says"),
        ("DEBUG=${OTHER}", "the value of DEBUG refers to another variable"),
        ("DEBUG=0 # why", "DEBUG holds a comment behind the value, which programs read in different ways"),
    ],
)
def test_debug_that_is_not_known(env: Any, lines: str, reason: str) -> None:
    with pytest.raises(CouldNotVerify, match=reason):
        env("env.no_debug", f"{lines}\n")


def test_debug_by_name(env: Any) -> None:
    text = "DEBUG=0\nSHOW_TRACES=0\nFLASK_ENV=production\nNODE_ENV=\n"
    assert env("env.no_debug", text, names=["SHOW_TRACES"]).text == "2 variables off: DEBUG, SHOW_TRACES"
    with pytest.raises(ClaimFalse, match="FLASK_DEBUG is not set"):
        env("env.no_debug", text, names=["FLASK_DEBUG"])
    with pytest.raises(ClaimFalse, match="NODE_ENV is not production"):
        env("env.no_debug", text, names=["NODE_ENV"])
    with pytest.raises(ClaimFalse, match="SHOW_TRACES is not 0, false or off"):
        env("env.no_debug", "SHOW_TRACES=true\n", names=["SHOW_TRACES"])
    with pytest.raises(CouldNotVerify, match="FLASK_ENV is no switch that shows it"):
        env("env.no_debug", text, names=["FLASK_ENV"])


def test_a_comment_by_dialect(env: Any) -> None:
    assert env("env.no_debug", "DEBUG=0 # why\n", "shell")
    with pytest.raises(ClaimFalse, match="DEBUG is not 0"):
        env("env.no_debug", "DEBUG=0 # why\n", "systemd")


SAFE = (
    "SESSION_COOKIE_SECURE=True\nSESSION_COOKIE_HTTPONLY=1\nSESSION_COOKIE_SAMESITE=Lax\nCSRF_COOKIE_HTTPONLY=False\n"
)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (SAFE, "3 variables safe: SESSION_COOKIE_SECURE, SESSION_COOKIE_HTTPONLY, SESSION_COOKIE_SAMESITE"),
        ("SESSION_SECURE_COOKIE=true\nSESSION_SAME_SITE=strict\nSESSION_COOKIE=__Host-shop\n", "2 variables safe: "),
        ("SERVER_SERVLET_SESSION_COOKIE_HTTP_ONLY=true\nSESSION_COOKIE_SECURE=\n", "1 variable safe: SERVER_"),
    ],
)
def test_cookies(env: Any, lines: str, text: str) -> None:
    assert env("env.cookies", lines).text.startswith(text)


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("SECURE=True", "SECURE=False", "SESSION_COOKIE_SECURE is not true"),
        ("HTTPONLY=1", "HTTPONLY=0", "SESSION_COOKIE_HTTPONLY is not true"),
        ("SAMESITE=Lax", "SAMESITE=None", "SESSION_COOKIE_SAMESITE is not Lax or Strict"),
        ("SESSION_COOKIE_SECURE=True", "CSRF_COOKIE_SECURE=no", "CSRF_COOKIE_SECURE is not true"),
    ],
)
def test_cookies_not(env: Any, old: str, new: str, seen: str) -> None:
    with pytest.raises(ClaimFalse) as failure:
        env("env.cookies", SAFE.replace(old, new, 1))
    assert failure.value.seen == seen


def test_cookies_that_are_not_set(env: Any) -> None:
    for lines in ("A=1\n", "CSRF_COOKIE_HTTPONLY=True\n", "SESSION_COOKIE_SECURE=\n"):
        with pytest.raises(CouldNotVerify, match="no known switch of cookies is set"):
            env("env.cookies", lines)
    with pytest.raises(ClaimFalse, match="CSRF_COOKIE_SECURE is not set"):
        env("env.cookies", SAFE, names=["CSRF_COOKIE_SECURE"])
    with pytest.raises(CouldNotVerify, match="no switch of cookies is called A"):
        env("env.cookies", f"A=1\n{SAFE}", names=["A"])


@pytest.mark.parametrize(
    "line", ["NODE_ENV=Production", "GIN_MODE=RELEASE", "DEBUG_TOOLBAR=on", "DEBUGBAR_ENABLED=true"]
)
def test_switches_that_take_one_word_in_its_own_letters(env: Any, line: str) -> None:
    with pytest.raises(ClaimFalse):
        env("env.no_debug", f"DEBUG=FALSE\n{line}\n")

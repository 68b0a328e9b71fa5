"""Claims about switches whose names frameworks have given: what they must be set to is in one table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_readiness.core.evidence import CouldNotVerify, Evidence, claim
from pytest_readiness.core.registry import check
from pytest_readiness.domains.env.facts import EnvFacts
from pytest_readiness.domains.env.shared import (
    Names,
    count,
    in_different_ways,
    listed,
    refuse_odd_lines,
    refuse_references,
    texts_of,
    unclear,
    visible_text,
)


@dataclass(frozen=True, slots=True)
class Switch:
    """Which values of a variable are safe.

    Attributes:
        names: shape of its names, in capitals.
        safe: shape of the values that are, in any capitals; where "" is none, the program's own default counts.
        wrong: what is said of one that has another value.
        proves: whether a safe value is what the claim asks for; otherwise only another one says something.
    """

    names: re.Pattern[str]
    safe: re.Pattern[str]
    wrong: str
    proves: bool = True


def _switch(names: str, safe: str, wrong: str, *, proves: bool = True) -> Switch:
    return Switch(re.compile(names), re.compile(safe, re.DOTALL | re.IGNORECASE), wrong, proves)


_DEV = r"(?:dev|devel|develop|development|local|localhost|test|tests|testing|debug)"
_NOT_DEV = rf"(?!(?:.*[,;\s._])?{_DEV}(?:[,;\s]|\Z)).+"
_IS_DEV = "names a development or test environment"
_OFF = r"|0|false|off|no|n|f|none|disabled?"
_ON = r"1|true|on|yes|y|t"
_FRAMEWORKS = (
    r"(?:APP|APPLICATION|RAILS|RACK|DJANGO|MIX|PHOENIX|YII|CI|SYMFONY|WP|KOA|ASPNETCORE|DOTNET"
    r"|QUARKUS|MICRONAUT|SPRING)"
)

DEBUG: Sequence[Switch] = (
    # Flask takes each other word for on, "off" too (flask.helpers.get_debug_flag).
    _switch(r"FLASK_DEBUG", r"|0|false|no", "is not 0, false or no"),
    # Flask 2.3 has it no more; versions before it switch debugging on by it.
    _switch(r"FLASK_ENV", rf"|{_NOT_DEV}", _IS_DEV, proves=False),
    # Casts of PHP take the texts "off" and "no" for true.
    _switch(r"APP_DEBUG", r"|0|false|\(false\)", "is not false or 0"),
    # A PIN that is switched off lets everybody in.
    _switch(r"WERKZEUG_DEBUG_PIN", r"(?!off\Z).*", "is off, which lets everybody in", proves=False),
    _switch(r"PYTHON(?:DEVMODE|ASYNCIODEBUG|INSPECT)", r"", "is not empty"),
    _switch(r"NODE_OPTIONS", r"(?!.*--inspect).*", "has --inspect", proves=False),
    _switch(r"JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|JAVA_OPTS", r"(?!.*(?:jdwp|-xdebug)).*", "has jdwp", proves=False),
    # Express and many others take all but this word, in these letters, for development.
    _switch(r"NODE_ENV", r"(?-i:production)", "is not production"),
    _switch(r"GIN_MODE", r"(?-i:release)", "is not release"),
    _switch(rf"{_FRAMEWORKS}_(?:ENV|ENVIRONMENTS?|ENVIRONMENT_TYPE|PROFILES?|PROFILES_ACTIVE)", _NOT_DEV, _IS_DEV),
    _switch(r"DJANGO_SETTINGS_MODULE", _NOT_DEV, "names settings of development or tests", proves=False),
    # Names of namespaces switch on what node's package "debug" prints; "release" is what some builds are called.
    _switch(
        r"(?!.*(?:NO|DISABLED?|HIDE|WITHOUT)_?DEBUG)"
        r"(?:(?:.*_)?DEBUG(?:BAR|_TOOLBAR)?(?:_MODE|_ENABLED)?|(?:ASPNETCORE|DOTNET)_DETAILEDERRORS|XDEBUG_MODE|UVICORN_RELOAD|FLASK_RUN_RELOAD)",
        rf"{_OFF}|release",
        "is not 0, false or off",
    ),
)
"""The first whose names fit counts."""
COOKIES: Sequence[Switch] = (
    _switch(r"(?:.*_)?(?:COOKIES?_SECURE|SECURE_COOKIES?)", _ON, "is not true"),
    # What a page's script must send along, the script must be able to read.
    _switch(r"(?:.*_)?(?:CSRF|XSRF)_COOKIES?_HTTP_?ONLY", r".*", "", proves=False),
    _switch(r"(?:.*_)?COOKIES?_HTTP_?ONLY|SESSION_HTTP_ONLY", _ON, "is not true"),
    _switch(r"(?:.*_)?COOKIES?_SAME_?SITE|SESSION_SAME_SITE", r"lax|strict", "is not Lax or Strict"),
)
"""Django's, Flask's, Laravel's, Spring's and others'."""


@check(
    "env.no_debug",
    severity="critical",
    remedy="Set the switches to the values of production, and look at what is served: http.no_debug.",
    source="Django deployment checklist; OWASP ASVS 14.3.2; Flask, Laravel, Express, Spring and ASP.NET documentation",
)
def no_debug(env_facts: EnvFacts, *, names: Names | None = None) -> Evidence:
    """The known switches of debugging and development mode that the file sets are off, and those named are set.

    Known: DEBUG and names that end in _DEBUG, FLASK_DEBUG, APP_DEBUG, APP_ENV, NODE_ENV, RAILS_ENV, RACK_ENV,
    ASPNETCORE_ENVIRONMENT, SPRING_PROFILES_ACTIVE, GIN_MODE and others; of FLASK_ENV, NODE_OPTIONS and the like only a
    wrong value says something. Setting is not effect: a program may read none of them, switch debugging on by itself
    or on its command line (--debug, --reload), and one that reads by `bool()` takes the text "False" for on;
    http.no_debug looks at what is served. What a switch is where it is not set is not known.

    Args:
        names: switches that must be set, and be off; others than the known ones must have a value such as 0, off or
            false. Unless given, one of the known ones must be set at least.
    """
    return _judged(env_facts, DEBUG, names or (), "switch of debugging", "off")


@check(
    "env.cookies",
    severity="high",
    remedy="Set Secure and HttpOnly to true and SameSite to Lax or Strict, and look at what is sent: http.cookies.",
    source="OWASP Session Management Cheat Sheet; Django, Flask, Laravel and Spring documentation",
)
def cookies(env_facts: EnvFacts, *, names: Names | None = None) -> Evidence:
    """The switches of cookies that the file sets ask for Secure, HttpOnly and SameSite, and those named are set.

    Known are names that end in COOKIE_SECURE, SECURE_COOKIE, COOKIE_HTTPONLY and COOKIE_SAMESITE, and Laravel's. That a
    script can read the cookie of a CSRF token is no fault. Setting is not effect: Flask, for one, reads none of these
    by itself, a program that reads by `bool()` takes each text for true, and a proxy may change cookies; http.cookies
    sees what is sent. What a switch is where it is not set is not known.

    Args:
        names: switches that must be set, and safe; unless given, one of the known ones must be set at least.
    """
    return _judged(env_facts, COOKIES, names or (), "switch of cookies", "safe")


def _judged(facts: EnvFacts, table: Sequence[Switch], names: Sequence[str], what: str, good: str) -> Evidence:
    texts_of(facts, names, may_be_empty=True)
    known = {name: switch for name in facts.variables if (switch := _of(name, table))}
    if foreign := [name for name in names if name not in known]:
        if table is COOKIES:
            raise CouldNotVerify(f"no {what} is called {listed(foreign)}")
        known |= dict.fromkeys(foreign, table[-1])
    # Where one is set to nothing, the program's own default counts, unless that is what it needs.
    known = {name: known[name] for name in known if name in names or not _is_left_open(facts, name, known[name])}
    wrong = [f"{name} {known[name].wrong}" for name in known if not _is_safe(facts, name, known[name])]
    claim(not wrong, expected=f"every {what} {good}", seen=listed(wrong))
    refuse_odd_lines(facts)
    refuse_references(facts, known)
    for name, _ in unclear(facts, known):
        raise in_different_ways(facts, name)
    proved = [name for name in known if known[name].proves]
    if not proved or any(name not in proved for name in names):
        unproved = listed(name for name in names if name not in proved)
        says = f"{unproved} is no switch that shows it" if proved or unproved else f"no known {what} is set"
        raise CouldNotVerify(f"{says} in {facts.path}, so that the program's own default counts")
    return Evidence(f"{count(proved)} {good}: {listed(proved)}")


def _of(name: str, table: Sequence[Switch]) -> Switch | None:
    return next((each for each in table if each.names.fullmatch(name.upper().replace("-", "_"))), None)


def _is_left_open(facts: EnvFacts, name: str, switch: Switch) -> bool:
    variable = facts.variables[name]
    return not (variable.value.get_secret_value().strip() or variable.unfilled or switch.safe.fullmatch(""))


def _is_safe(facts: EnvFacts, name: str, switch: Switch) -> bool:
    """Whether it has a safe value, or one that is not known here."""
    variable = facts.variables[name]
    text = visible_text(variable.value.get_secret_value())
    is_known = not (variable.unfilled or variable.references or variable.unclear)
    return not is_known or switch.safe.fullmatch(text) is not None

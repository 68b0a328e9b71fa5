"""Passwords: no default one opens an account, none can be guessed at will, no weak one is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared, claim
from pytest_readiness.core.registry import Asks, check
from pytest_readiness.domains.http.checks.access import Name, declared
from pytest_readiness.domains.http.facts.forms import (
    Encoding,
    Form,
    Logins,
    LoginTrial,
    PasswordTrial,
    TrialOutcome,
    need_shown,
)
from pytest_readiness.domains.http.resource import Url, UrlPath

PAIRS = (
    ("admin", "admin"),
    ("root", "root"),
    ("admin", "password"),
    ("administrator", "administrator"),
    ("user", "user"),
    ("test", "test"),
    ("guest", "guest"),
    ("demo", "demo"),
)
"""User names and passwords that products and tutorials come with; at most two for one name."""

Product = Literal[
    "activemq",
    "airflow",
    "artifactory",
    "druid",
    "elasticsearch",
    "emqx",
    "geoserver",
    "glpi",
    "grafana",
    "h2",
    "harbor",
    "hivemq",
    "jasperreports",
    "kibana",
    "minio",
    "mongo-express",
    "nacos",
    "neo4j",
    "nexus",
    "opensearch",
    "pentaho",
    "pgadmin",
    "phpmyadmin",
    "rabbitmq",
    "sonarqube",
    "splunk",
    "tomcat",
    "unifi",
    "weblogic",
    "zabbix",
]
PRODUCTS: dict[str, tuple[tuple[str, str], ...]] = {
    "activemq": (("admin", "admin"), ("user", "user"), ("artemis", "artemis")),
    "airflow": (("airflow", "airflow"), ("admin", "admin")),
    "artifactory": (("admin", "password"), ("access-admin", "password")),
    "druid": (("druid", "druid"), ("admin", "druid"), ("admin", "123456")),
    "elasticsearch": (("elastic", "changeme"), ("elastic", "elastic")),
    "emqx": (("admin", "public"),),
    "geoserver": (("admin", "geoserver"), ("root", "geoserver")),
    "glpi": (("glpi", "glpi"), ("tech", "tech"), ("normal", "normal"), ("post-only", "postonly")),
    "grafana": (("admin", "admin"), ("admin", "prom-operator")),
    "h2": (("sa", ""), ("sa", "sa"), ("admin", "")),
    "harbor": (("admin", "Harbor12345"),),
    "hivemq": (("admin", "hivemq"),),
    "jasperreports": (("jasperadmin", "jasperadmin"), ("joeuser", "joeuser"), ("superuser", "superuser")),
    "kibana": (("elastic", "changeme"), ("kibana", "changeme"), ("kibanaserver", "kibanaserver")),
    "minio": (("minioadmin", "minioadmin"), ("minio", "minio123")),
    "mongo-express": (("admin", "pass"),),
    "nacos": (("nacos", "nacos"),),
    "neo4j": (("neo4j", "neo4j"), ("neo4j", "password")),
    "nexus": (("admin", "admin123"),),
    "opensearch": (("admin", "admin"), ("kibanaserver", "kibanaserver")),
    "pentaho": (("admin", "password"), ("joe", "password"), ("suzy", "password")),
    "pgadmin": (("pgadmin4@pgadmin.org", "admin"), ("admin@admin.com", "admin"), ("user@domain.com", "SuperSecret")),
    "phpmyadmin": (("root", ""), ("root", "root"), ("pma", "")),
    "rabbitmq": (("guest", "guest"), ("rabbitmq", "rabbitmq")),
    "sonarqube": (("admin", "admin"),),
    "splunk": (("admin", "changeme"),),
    "tomcat": (("tomcat", "s3cret"), ("tomcat", "tomcat"), ("admin", ""), ("both", "tomcat"), ("role1", "tomcat")),
    "unifi": (("ubnt", "ubnt"),),
    "weblogic": (("weblogic", "welcome1"), ("weblogic", "weblogic1"), ("system", "password")),
    "zabbix": (("Admin", "zabbix"),),
}
"""What single products come with, by their documentation."""


def default_pairs(products: Sequence[str], pairs: int, suffix: str) -> tuple[tuple[str, str], ...]:
    """The user names and passwords to try: those of the products, and so many of `PAIRS`."""
    own = [pair for product in products for pair in PRODUCTS[product]]
    tried = dict.fromkeys((*own, *PAIRS[:pairs]))
    return tuple((user if "@" in user else user + suffix, password) for user, password in tried)


def _login_trial(
    url: Url,
    path: str,
    failure: str,
    user_field: str,
    password_field: str,
    encoding: Encoding,
    page: str | None,
    suffix: str,
    pairs: int,
    products: list[Product] | None,
    attempts: int,
    locked: str | None,
    credential: str | None,
    account: str | None,
) -> Asks:
    declared(url, credential, account)
    for name in filter(None, (credential, account)):
        if url.credential(name).user is None:
            raise NotDeclared(f"the credential '{name}' of {url.name} is not a user with a password")
    trial = LoginTrial(
        form=Form(path, page or "", encoding, texts=tuple(filter(None, (failure, locked)))),
        user_field=user_field,
        password_field=password_field,
        pairs=default_pairs(products or (), pairs, suffix),
        control=credential or "",
        account=account or "",
        suffix=suffix,
        attempts=attempts,
    )
    return {"logins": trial}


@check(
    "http.default_credentials",
    severity="critical",
    remedy="Remove default accounts, and lock the login or slow it down after a few wrong passwords.",
    source="OWASP WSTG-ATHN-02, WSTG-ATHN-03; PCI DSS 4.0 8.3.4; CWE-1392",
    check_class="active",
    asks=_login_trial,
)
def default_credentials(
    logins: Logins,
    *,
    path: UrlPath,
    failure: Name,
    status: Annotated[int, Field(ge=200, le=499)] = 401,
    user_field: Name = "username",
    password_field: Name = "password",  # noqa: S107 (the name of a field)
    encoding: Encoding = "form",
    page: UrlPath | None = None,
    suffix: str = "",
    pairs: Annotated[int, Field(ge=1, le=len(PAIRS))] = len(PAIRS),
    products: Annotated[list[Product], Field(min_length=1)] | None = None,
    attempts: Annotated[int, Field(ge=3, le=20)] = 10,
    locked: Name | None = None,
    slow_seconds: Annotated[float, Field(gt=0)] = 1,
    credential: Name | None = None,
    account: Name | None = None,
) -> Evidence:
    """The login refuses common default passwords, and locks or slows down after a few wrong ones.

    Sends: one login with the declared credential, if one is named; those that the declared products come with, and up
    to eight with default pairs (at most two for one user name; one more for each time that the endpoint asks to wait,
    up to a minute in all); then, unless that already met a lock, wrong passwords for one account until the answer
    changes, at most `attempts`. Before each, a GET of the page, if one is declared. A refusal is the declared status
    with the declared text, nothing else: an answer that refuses for another reason, such as a wrong field, proves
    nothing, and neither does a text that is only in a script or an attribute. Locked means 423, 429, a Retry-After or
    the text `locked`; slowed down, that each of the last three answers took `slow_seconds` longer than the first. It is
    looked at last, since the runner itself may be locked out for a while.

    Args:
        path: path on the host that the login is sent to by POST.
        failure: a part of what the login says to a wrong password, in the answer or in the address that it redirects
            to, compared without case.
        status: status of the answer to a wrong password. 401: RFC 9110 section 15.5.2.
        user_field: name of the field for the user. username: the most common name.
        password_field: name of the field for the password. password: the most common name.
        encoding: form for `application/x-www-form-urlencoded`, json for a JSON document.
        page: path of the page that holds the form; its cookies and hidden fields are sent along. Default: none.
        suffix: appended to user names, such as `@example.com` where they are mail addresses. Default: nothing.
        pairs: how many of the eight default pairs to try. 8: all of them.
        products: what answers, or was built on, such as [tomcat]: what it comes with by its documentation is tried,
            too. Default: the eight pairs alone.
        attempts: most wrong passwords for one account, 3 to 20. 10: PCI DSS 8.3.4 locks after ten at the latest.
        locked: a part of what the login says when it is locked. Default: only the status and Retry-After decide.
        slow_seconds: seconds that count as slowed down. 1: a thousand guesses then take a quarter of an hour.
        credential: name of a credential (user and password) of the target that must be let in. Default: none is tried,
            and the evidence has a warning.
        account: name of a credential whose user gets the wrong passwords, for a login that locks only accounts that
            exist; it stays locked for as long as the login locks. Default: a user that does not exist.
    """
    refusal = _Refusal(path, status, failure, locked)
    tried = _refused(refusal, logins, len(default_pairs(products or (), pairs, "")), credential)
    held = _held_up(refusal, logins, slow_seconds)
    unproven = (
        "" if logins.control else "No declared credential was let in, so only the text shows that this is a login."
    )
    return Evidence(f"POST {path}: {status} for {tried} default passwords; {held}", warning=unproven)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """How a login refuses: a wrong password by a status with a text, and by another text when it is locked."""

    path: str
    status: int
    failure: str
    locked: str | None

    def __str__(self) -> str:
        return f"{self.status} with '{self.failure}'"

    def is_refused(self, outcome: TrialOutcome) -> bool:
        return outcome.status == self.status and self.failure in outcome.told

    def is_locked(self, outcome: TrialOutcome) -> bool:
        if outcome.throttled or (outcome.retry_after and outcome.status < 500):
            return True
        return self.locked in outcome.told


def _refused(refusal: _Refusal, seen: Logins, pairs: int, credential: str | None) -> int:
    """How many default passwords were tried, each of which was refused.

    Raises:
        ClaimFalse: one was not.
        CouldNotVerify: the refusals prove nothing, or not every password was tried.
    """
    place = f"POST {refusal.path}"
    if seen.control and (refusal.is_refused(seen.control) or not seen.control.accepted):
        raise CouldNotVerify(
            f"{place} answered {seen.control} to the credential '{credential}', so a refusal proves nothing"
        )
    if any(refusal.failure in outcome.blank for outcome in seen.pairs):
        raise CouldNotVerify(f"'{refusal.failure}' is already on the login's page, so it proves nothing")
    tried = [outcome for outcome in seen.pairs if not refusal.is_locked(outcome)]
    for outcome in (*tried, *seen.attempts[:1]):
        need_shown(place, outcome, refusal.failure)
    for outcome in tried:
        claim(
            refusal.is_refused(outcome) or not outcome.accepted,
            expected=f"{refusal} from {place} for every default password",
            seen=f"{outcome} for a default password of '{outcome.name}'",
        )
    for outcome in (*tried, *seen.attempts[:1]):
        if not refusal.is_refused(outcome) and not refusal.is_locked(outcome):
            raise CouldNotVerify(f"{place} answered {outcome} to a wrong password, which is not a {refusal}")
    if len(tried) < pairs:
        raise CouldNotVerify(
            f"{place} answered {seen.pairs[-1]} after {len(tried)} of {pairs} default passwords, and the rest were not "
            f"tried (pairs: {max(len(tried), 1)} asks for fewer)"
        )
    return len(tried)


def _held_up(refusal: _Refusal, seen: Logins, slow_seconds: float) -> str:
    """How the login slowed wrong passwords down.

    Raises:
        ClaimFalse: it did not.
        CouldNotVerify: its answer changed, but not to a lock.
    """
    for number, outcome in enumerate((*seen.pairs, *seen.attempts), 1):
        if refusal.is_locked(outcome):
            return f"locked at the {number}. wrong password: {outcome}"
    place, attempts = f"POST {refusal.path}", seen.attempts
    first, last, count = attempts[0], attempts[-1], len(attempts)
    if (last.status, last.told) != (first.status, first.told):
        raise CouldNotVerify(
            f"{place} answered {last} to the {count}. wrong password for one account, which is not a known lock; "
            "declare a part of its text as 'locked'"
        )
    fastest = min(outcome.seconds for outcome in attempts[-3:])
    if fastest >= first.seconds + slow_seconds:
        return f"slowed down from {first.seconds:.1f} to {fastest:.1f} s after {count} wrong passwords"
    raise ClaimFalse(
        f"423, 429, Retry-After or answers {slow_seconds:g} s slower after {count} wrong passwords",
        f"{count} times {last} from {place} for one account, the last within {last.seconds:.2f} s",
    )


def _password_trial(
    url: Url,
    path: str,
    messages: list[str],
    fields: dict[str, str],
    password_fields: list[str],
    min_length: int,
    encoding: Encoding,
    method: str,
    page: str | None,
    credential: str | None,
    control: bool,
) -> Asks:
    if not fields and not control:
        raise NotDeclared(
            "the form has no field but the password, so a strong one can only be tried for real (control: true)"
        )
    declared(url, credential)
    form = Form(path, page or "", encoding, method, credential or "", tuple(messages))
    return {"passwords": PasswordTrial(form, tuple(password_fields), tuple(fields.items()), min_length, control)}


@check(
    "http.password_policy",
    severity="high",
    remedy="Refuse passwords that are too short or on lists of leaked ones, and say so at the password's field.",
    source="NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 5.0 V6.2; OWASP WSTG-ATHN-07",
    check_class="active",
    asks=_password_trial,
)
def password_policy(
    passwords: tuple[TrialOutcome, ...],
    *,
    path: UrlPath,
    messages: Annotated[list[Name], Field(min_length=1)],
    fields: dict[Name, str],
    password_fields: Annotated[list[Name], Field(min_length=1)] = ["password"],  # noqa: B006 (never changed)
    min_length: Annotated[int, Field(ge=6, le=20)] = 8,
    encoding: Encoding = "form",
    method: Literal["POST", "PUT", "PATCH"] = "POST",
    page: UrlPath | None = None,
    credential: Name | None = None,
    control: bool = False,
) -> Evidence:
    """Registration or reset refuses passwords that are too short or common, and does so because they are weak.

    Sends: the form with a password that is one character too short, with up to three that are on every list of leaked
    ones and are long enough, and last with a strong one. Before each, a GET of the page, if one is declared. Only what
    is answered with one of the declared messages is refused; a form that refuses everything for another reason proves
    nothing. The strong password must be answered without any of them. It is sent with all other fields empty, so that
    nothing comes of it, unless `control` is set. If the claim is false, the endpoint has taken a weak password: use
    throw-away values.

    Args:
        path: path on the host that the form is sent to.
        messages: parts of what is said about a weak password, at least one, compared without case. None of them
            may be on the page with the empty form.
        fields: names and values of the other fields; `{unique}` in a value is replaced by a text that is new each time
            (`readiness-{unique}@example.com`).
        password_fields: names of the fields that take the password, with the one that repeats it. password: what most
            take.
        min_length: fewest characters that must be required, 6 to 20. 8: NIST SP 800-63B-4, with a second factor; 15
            without.
        encoding: form for `application/x-www-form-urlencoded`, json for a JSON document.
        method: method of the request.
        page: path of the page that holds the form; its cookies and hidden fields are sent along. Default: none.
        credential: name of the credential that all requests show. Default: none.
        control: send the strong password with all fields, which must be accepted, and makes an account or changes one.
    """
    *weak, strong = passwords
    place = f"{method} {path}"
    if strong.blank:
        raise CouldNotVerify(f"'{strong.blank[0]}' is already on the form's page, so it proves nothing")
    _refused_as_weak(place, weak, strong)
    if control and not strong.accepted:
        raise CouldNotVerify(f"{place} answered {strong} to a strong password; a refusal of weak ones proves nothing")
    if strong.status in (401, 403, 404, 405, 408, 429) or strong.status >= 500:
        raise CouldNotVerify(f"{place} answered {strong} to a strong password, so nothing shows what it looks at")
    told = ", ".join(f"{outcome.name} {outcome.status}" for outcome in weak)
    how = "" if control else " without the other fields, and without these messages"
    return Evidence(f"{place} refuses {told}; a strong one {strong}{how}")


def _refused_as_weak(place: str, weak: list[TrialOutcome], strong: TrialOutcome) -> None:
    for outcome in weak:
        if not outcome.told:
            need_shown(place, outcome, *outcome.unshown)
        if not outcome.told and not outcome.accepted:
            raise CouldNotVerify(
                f"{place} answered {outcome} to a weak password, {outcome.name}, but none of the declared messages"
            )
    if strong.told:
        raise CouldNotVerify(f"{place} answered '{strong.told[0]}' to a strong password, too; that proves nothing")
    for outcome in weak:
        claim(
            bool(outcome.told) and outcome.status not in (201, 202, 204),
            expected=f"{place} refuses {outcome.name} with one of the declared messages",
            seen=f"{outcome} with {repr(outcome.told[0]) if outcome.told else 'none of them'}",
        )

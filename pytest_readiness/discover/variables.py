"""Variables that hold connection strings: their names are told, and of their values only what kind of address it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from pytest_readiness.core.domains import load_kinds
from pytest_readiness.core.resources import SECTIONS
from pytest_readiness.discover.found import LOCAL, PROD, Discovered, Hint, Record, VariableText, is_plain, named
from pytest_readiness.discover.known import USUAL_PORTS

# Its password may hold any sign, so that the last @ ends it.
_ADDRESS = re.compile(
    r"\s{0,9}[\"']?(?P<scheme>[a-z][a-z0-9+.-]{0,40})://(?:.*@)?(?P<host>\[[^\]]+\]|[\w.-]+)?(?::(?P<port>\d+))?",
    re.IGNORECASE | re.DOTALL,
)
_NAME = re.compile(r"[A-Z][A-Z0-9]{0,30}(?:_[A-Z0-9]{1,30}){0,8}")
_LONGEST_PART = 24
_HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal", "")  # noqa: S104
_ENDS = re.compile(r"_(?:URL|URI|DSN|CONNECTION|CONNECTION_STRING)$")
_MAIL = ("SMTP_HOST", "SMTP_SERVER", "MAIL_HOST", "MAIL_SERVER", "EMAIL_HOST", "MAILER_DSN", "SMTP_URL", "EMAIL_URL")
_PAYMENTS = ("STRIPE_", "PAYPAL_", "ADYEN_", "MOLLIE_", "BRAINTREE_", "PAYSTACK_", "PAYMENT_", "RAZORPAY_")
_TOPICS = ((_PAYMENTS, "a payment provider", "payments"), (("CELERY_",), "background tasks by Celery", "tasks"))


def is_name(name: str) -> bool:
    """Whether a text is the name of a variable as people write them, and no piece of a key that lost its quotes."""
    return (
        _NAME.fullmatch(name) is not None
        and is_plain(name)
        and all(len(part) <= _LONGEST_PART for part in name.split("_"))
    )


def databases(
    variables: Mapping[str, str],
    source: str,
    target: str,
    services: Collection[str] = (),
    lines: Mapping[str, int] | None = None,
) -> Iterator[Record]:
    """Databases that variables lead to, and what their names tell of the product.

    Args:
        variables: values by name; of a value, the scheme, the host and the port are looked at, and nothing is kept.
        source: where they are.
        target: which target they are of; "" to tell by whether the host is this machine.
        services: names that hosts have within the stack of this machine.
        lines: of the variables in `source`.
    """
    load_kinds()
    base = SECTIONS["databases"]
    for name in sorted(filter(is_name, variables)):
        where = f"{source}:{lines[name]}" if lines and name in lines else source
        if name in _MAIL:
            text = f'{name} names a mail server: add mail: {{outgoing: {{server: "${{{name}}}"}}}} to the target'
            yield Hint(f"{text} once it is set where pytest runs", where, "mail")
        for beginnings, what, topic in _TOPICS:
            if name.startswith(beginnings):
                yield Hint(f"{name} is of {what}", where, topic)
        address = _ADDRESS.match(variables[name])
        model = base.model_of({"dsn": variables[name]}) if address else None
        if address is None or model is None:
            continue
        engine, host = model.variant or model.kind, (address["host"] or "").strip("[]").lower()
        here = host in _HERE or host in services
        port = address["port"] or USUAL_PORTS.get(engine, "")
        told = []
        if address["scheme"].lower() not in model.schemes:
            told.append(f"where pytest runs, it must begin with {model.schemes[0]}://, without a driver's name")
        if host in services:
            told.append(f"what {name} says there is for use within the stack")
        yield Discovered(
            section="databases",
            name=named(_ENDS.sub("", name).lower()),
            fields={"dsn": VariableText(f"${{{name}}}"), "engine": engine},
            source=f"{name} in {where}" if where != name else where,
            target=target or (LOCAL if here else PROD),
            fill_in="; ".join(told),
            same=frozenset((f"dsn:{name}", f"{engine}@{host}" if host not in _HERE else f"{engine}@localhost:{port}")),
        )

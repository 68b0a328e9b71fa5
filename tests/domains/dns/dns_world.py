"""The zones, servers and registry that the checks of domains are tried on, all on loopback."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from pytest_readiness.core.evidence import ClaimFalse
from pytest_readiness.domains.dns.checks.answers import _beside
from pytest_readiness.domains.dns.resource import Domain
from tests.judging import judge
from tests.stack.certs import Authority
from tests.stack.dns import DAY, Knot, Unbound, Zone, glued
from tests.stack.programs import program
from tests.stack.silent import Response, WebApp


def _der(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


RSA_2048 = _der(rsa.generate_private_key(65537, 2048))
# One bit of the modulus, which is followed by 5 bytes of the exponent: it becomes even.
RSA_DAMAGED = base64.b64encode(
    base64.b64decode(RSA_2048)[:-6] + bytes([base64.b64decode(RSA_2048)[-6] & 0xFE]) + base64.b64decode(RSA_2048)[-5:]
).decode()
RSA_1024 = _der(rsa.generate_private_key(65537, 1024))
RSA_PRIVATE = base64.b64encode(
    rsa.generate_private_key(65537, 2048).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
).decode()
EC_256 = _der(ec.generate_private_key(ec.SECP256R1()))
ED25519 = base64.b64encode(ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


def txt(*texts: str) -> str:
    """A TXT record with these texts, cut into strings of at most 255 bytes."""
    whole = "".join(texts)
    return "TXT " + " ".join(f'"{whole[start : start + 255]}"' for start in range(0, len(whole), 255))


NO_BREAK, TAB, LINE = r"\194\160", r"\009", r"\010"
"""White space that comes along when a text is copied, as zone files write it."""


def dkim(key: str, kind: str = "rsa") -> str:
    return txt(f"v=DKIM1; k={kind}; p={key}")


GOOD = {
    "address": "@ A 198.51.100.1\n@ AAAA 2001:db8::1",
    "api": "api A 198.51.100.2",
    "mx": "@ MX 10 mx1\nmx1 A 198.51.100.25",
    "spf": f"@ {txt('v=spf1 mx -all')}",
    "dkim": f"s1._domainkey {dkim(RSA_2048)}",
    "dmarc": f"_dmarc {txt('v=DMARC1; p=reject; rua=mailto:dmarc@good.test')}",
    "caa": '@ CAA 0 issue "ca.example"',
}
CHECKS: dict[str, dict[str, Any]] = {
    "dns.resolves": {"types": ["A", "AAAA"]},
    "dns.points_to": {"addresses": ["198.51.100.0/24", "2001:db8::1"]},
    "dns.subdomains": {"names": ["api"]},
    "dns.mx": {},
    "dns.spf": {},
    "dns.dkim": {"selectors": ["s1"]},
    "dns.dmarc": {},
    "dns.caa": {"issuers": ["ca.example"]},
    "dns.propagated": {"types": ["A", "AAAA", "MX", "TXT", "CAA"]},
    "dns.nameservers": {},
    "dns.ttl": {},
    "dns.dnssec": {},
}


def zone(label: str, fault: dict[str, str] | None = None, **options: Any) -> Zone:
    """A good zone below test. but for what the fault changes."""
    return Zone(f"{label}.test.", "\n".join((GOOD | (fault or {})).values()), **options)


@dataclass(frozen=True)
class Fault:
    """One thing that is broken, the check that fails by it, and what it then sees.

    Attributes:
        zone: what both servers have, or with `second` the first of them.
        second: what the second server has.
    """

    zone: Zone
    check: str
    seen: str
    second: Zone | None = None


def _stale() -> tuple[Zone, Zone]:
    fresh, stale = zone("stale", serial=2), zone("stale", serial=1)
    stale._private, stale._key = fresh._private, fresh._key
    return fresh, stale


def _two_answers() -> tuple[Zone, Zone]:
    fresh, other = (
        zone("other"),
        zone("other", {"address": GOOD["address"].replace("198.51.100.1\n", "198.51.100.9\n")}),
    )
    other._private, other._key = fresh._private, fresh._key
    return fresh, other


def _two_long_texts() -> tuple[Zone, Zone]:
    """Two that differ in what a report would cut off."""
    fresh, other = (zone("longtext", {"text": f"@ {txt('x' * 700 + end)}"}) for end in "12")
    other._private, other._key = fresh._private, fresh._key
    return fresh, other


STALE, OTHER, LONG_TEXTS = _stale(), _two_answers(), _two_long_texts()
FAULTS = [
    Fault(
        zone("noaddress", {"api": "api AAAA 2001:db8::1", "address": "@ AAAA 2001:db8::1"}),
        "dns.resolves",
        "no A record for noaddress.test, as ",
    ),
    Fault(
        zone("elsewhere", {"address": f"{GOOD['address']}\n@ A 203.0.113.9"}),
        "dns.points_to",
        "these should not be there: 203.0.113.9",
    ),
    Fault(zone("noapi", {"api": ""}), "dns.subdomains", "no such name (NXDOMAIN) for api.noapi.test, as "),
    Fault(
        zone("nomx", {"mx": "@ MX 0 .", "spf": f"@ {txt('v=spf1 -all')}"}),
        "dns.mx",
        "a null MX, the domain takes no mail: 0 (nobody) (as ",
    ),
    Fault(zone("nospf", {"spf": f"@ {txt('hello')}"}), "dns.spf", "no TXT record that begins with v=spf1"),
    Fault(zone("openspf", {"spf": f"@ {txt('v=spf1 mx ?all')}"}), "dns.spf", "?all: v=spf1 mx ?all"),
    Fault(zone("nodkim", {"dkim": ""}), "dns.dkim", "no such name (NXDOMAIN) for s1._domainkey.nodkim.test"),
    Fault(
        zone("revoked", {"dkim": f"s1._domainkey {dkim('')}"}),
        "dns.dkim",
        "a revoked key (p= is empty): v=DKIM1; k=rsa; p=",
    ),
    Fault(zone("nodmarc", {"dmarc": ""}), "dns.dmarc", "no DMARC record at _dmarc.nodmarc.test, _dmarc.test"),
    Fault(
        zone("watched", {"dmarc": f"_dmarc {txt('v=DMARC1; p=none')}"}),
        "dns.dmarc",
        "none at _dmarc.watched.test: v=DMARC1; p=none",
    ),
    Fault(zone("nocaa", {"caa": ""}), "dns.caa", "no CAA record at nocaa.test, test"),
    Fault(
        zone("othercaa", {"caa": f'{GOOD["caa"]}\n@ CAA 0 issue "other.example; x=y"'}),
        "dns.caa",
        "other.example may issue, too, at othercaa.test: issue 'ca.example', issue 'other.example; x=y'",
    ),
    Fault(zone("oneserver", servers=["ns1.test."]), "dns.nameservers", "1 server (ns1.test) at 2 addresses"),
    Fault(zone("shortttl", ttl=30), "dns.ttl", "A 30 s at "),
    Fault(zone("longttl", ttl=86401), "dns.ttl", "AAAA 86401 s at "),
    Fault(STALE[0], "dns.propagated", "serial 2 at 127.0.0.1:", STALE[1]),
    Fault(OTHER[0], "dns.propagated", "A 198.51.100.9 at 127.1.0.2:", OTHER[1]),
    Fault(LONG_TEXTS[0], "dns.propagated", "TXT v=spf1 mx -all, xxx", LONG_TEXTS[1]),
    Fault(zone("unsigned", signed=False), "dns.dnssec", "no DS record for unsigned.test in test, as "),
    Fault(zone("nods", ds=False), "dns.dnssec", "no DS record for nods.test in test, as "),
    Fault(zone("wrongds", foreign_ds=True), "dns.dnssec", "no key of wrongds.test is the one that its DS records name"),
    Fault(
        zone("bogus", {"address": "@ A 198.51.100.1\n@ AAAA 2001:db8::9"}, bogus="@ AAAA 2001:db8::1"),
        "dns.dnssec",
        "AAAA bogus.test at 127.0.0.1:",
    ),
    Fault(zone("expired", valid=-3 * DAY), "dns.dnssec", "DNSKEY expired.test at 127.0.0.1:"),
    Fault(zone("ending", valid=0.5 * DAY), "dns.dnssec", "signatures that hold until "),
]
"""Zones that are good but for one thing."""

CASES = {
    "alias": "@ CNAME cdn.cases.test.",
    "chain": "@ CNAME alias.cases.test.",
    "cdn": "@ A 198.51.100.80",
    "dangling": "@ CNAME gone.cases.test.",
    "internal": "@ A 10.1.2.3",
    "inside": "@ CNAME internal.cases.test.\nweb A 127.0.0.1",
    "wild": "@ A 198.51.100.3\n* A 198.51.100.3\nown A 198.51.100.4\n*.eu A 198.51.100.5\n"
    "same A 198.51.100.3\nsame.eu A 198.51.100.5\nnone TXT x",
    # As if the wildcard of another kind of server held for one label only.
    "shallow": f"www A 198.51.100.3\n{_beside('www.shallow.cases.test')}. A 198.51.100.3",
    "web": "@ A 198.51.100.1\n@ AAAA 2001:db8::1",
    "long": f"@ {txt('v=spf1 -all', ' ' * 2000)}\n@ A 198.51.100.1",
    "xn--bcher-kva": "@ A 198.51.100.7",
    # MX
    "mxalias": "@ MX 10 mail\nmail CNAME cdn.cases.test.",
    "mxnowhere": "@ MX 10 nowhere",
    "mxaddress": "@ MX 10 198.51.100.25.",
    "mxnone": "@ A 198.51.100.1",
    "mxmany": "\n".join(f"@ MX {number} a" for number in range(31)),
    "mxtwo": "@ MX 20 b\n@ MX 10 a\na A 198.51.100.25\nb AAAA 2001:db8::25",
    "mxself": "@ MX 10 a\na A 127.0.0.1",
    "mxzero": "@ MX 10 a\n@ MX 20 b\na A 198.51.100.25\nb A 0.0.0.0",
    "mxself6": "@ MX 10 a\na A 198.51.100.25\na AAAA ::1",
    "mxmapped": "@ MX 10 a\na AAAA ::ffff:127.0.0.1",
    "mxlocal": "@ MX 10 a\na A 169.254.1.1",
    "mxmulti": "@ MX 10 a\na A 224.0.0.5",
    "mxreserved": "@ MX 10 a\na A 240.0.0.1",
    "mxprivate": "@ MX 10 a\na A 10.1.2.3",
    "mxprivates": "@ MX 10 a\na A 198.18.0.1\na AAAA ::ffff:10.1.2.3\na AAAA fec0::1",
    # SPF
    "spfok": f"@ {txt('v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 a:cdn.cases.test/24//64 -all')}",
    "spfsoft": f"@ {txt('V=SPF1 mx:mxtwo.cases.test ~ALL')}",
    "spfredirect": f"@ {txt('v=spf1 redirect=spfok.cases.test')}",
    "spfmacro": f"@ {txt('v=spf1 exists:%{i}._spf.example.com include:spfok.%{l}.example.com -all')}",
    "spfptr": f"@ {txt('v=spf1 ptr -all')}",
    "spftwo": f"@ {txt('v=spf1 -all')}\n@ {txt('v=spf1 mx -all')}",
    "spfplus": f"@ {txt('v=spf1 +all')}",
    "spfbare": f"@ {txt('v=spf1 all')}",
    "spfnoall": f"@ {txt('v=spf1 ip4:198.51.100.1')}",
    "spfinclude": f"@ {txt('v=spf1 include:spfok.cases.test')}",
    "spfopen": f"@ {txt('v=spf1 include:spfplus.cases.test -all')}",
    "spfworld": f"@ {txt('v=spf1 ip4:198.51.100.1/0 -all')}",
    "spfworld6": f"@ {txt('v=spf1 a:cdn.cases.test/24//0 -all')}",
    "spfexists": f"@ {txt('v=spf1 exists:cdn.cases.test -all')}",
    "spfnotexists": f"@ {txt('v=spf1 ?exists:cdn.cases.test -all')}",
    "spfhalves": f"@ {txt('v=spf1 ip4:198.51.100.0/24 ip4:0.0.0.0/1 include:spfhalf.cases.test -all')}",
    "spfhalf": f"@ {txt('v=spf1 ip4:128.0.0.0/2 ip4:192.0.0.0/3 -all')}",
    "spfinternet6": f"@ {txt('v=spf1 ip4:198.51.100.0/24 ip6:2000::/4 ip6:3000::/4 -all')}",
    "spfnothalf": f"@ {txt('v=spf1 ip4:17.0.0.0/8 -include:spfhalf.cases.test ?ip4:128.0.0.0/1 -all')}",
    "spfnotworld": f"@ {txt('v=spf1 ?include:spfworld.cases.test -all')}",
    "spfnotopen": f"@ {txt('v=spf1 -include:spfopen.cases.test ~include:spfplus.cases.test -all')}",
    "spfinside": f"@ {txt('v=spf1 include:spfnotopen.cases.test ?include:spfaround.cases.test -all')}",
    "spfaround": f"@ {txt('v=spf1 a:internal.cases.test/1 mx:mxtwo.cases.test/1 -all')}",
    "spfaround6": f"@ {txt('v=spf1 a:web.cases.test//3 -all')}",
    "spfexchangers6": f"@ {txt('v=spf1 mx:mxtwo.cases.test/24//3 -all')}",
    "spfnotaround": f"@ {txt('v=spf1 a:internal.cases.test/8 mx:mxtwo.cases.test/8 -a:web.cases.test/1//3 -all')}",
    "spftwice": f"@ {txt('v=spf1 ip4:0.0.0.0/1 ip4:0.0.0.0/1 -all')}",
    "spfwide": f"@ {txt('v=spf1 ip4:64.0.0.0/7 -all')}",
    "spfbeside": f"@ {txt('v=spf1 ip4:64.0.0.0/8 ip4:65.0.0.0/8 ip4:198.51.100.1 -all')}",
    "spfwide6": f"@ {txt('v=spf1 ip6:2a00::/11 -all')}",
    "spfregion": f"@ {txt('v=spf1 ip4:17.0.0.0/8 ip6:2a00::/12 -all')}",
    "spfofdomain": f"@ {txt('v=spf1 include:_s.%{d2} a:cdn.%{D2} exists:%{i}._x.%{o} -all')}",
    "_s": f"@ {txt('v=spf1 ip4:198.51.100.0/24 -all')}",
    "spfnomacro": f"@ {txt('v=spf1 include:_s.%{x}.test -all')}",
    "spfpercent": f"@ {txt('v=spf1 include:_s.%d.test -all')}",
    "spfclosed": f"@ {txt('v=spf1 -ip4:0.0.0.0/0 -all')}",
    "spfversion": f"@ {txt('v=spf10 -all')}",
    "spften": f"@ {txt('v=spf1', ' include:spfptr.cases.test' * 5, ' -all')}",
    "spfeleven": f"@ {txt('v=spf1', ' include:spfptr.cases.test' * 5, ' mx:mxtwo.cases.test -all')}",
    "spfloop": f"@ {txt('v=spf1 include:spfloop.cases.test -all')}",
    "spfafter": f"@ {txt('v=spf1 -all', ' mx' * 11)}",
    "spfbehind": f"@ {txt('v=spf1 -all ip4:198.51.100.1 ipv4:198.51.100.2')}",
    "spfmacrobehind": f"@ {txt('v=spf1 -all include:_s.%d.test')}",
    "spfignored": f"@ {txt('v=spf1 ip4:198.51.100.1 ~all ip4:198.51.100.2 -all redirect=spfok.cases.test')}",
    "spfignoredbelow": f"@ {txt('v=spf1 include:spfignored.cases.test -all')}",
    "spfvoid": f"@ {txt('v=spf1 a:no1.cases.test a:no2.cases.test -all')}",
    "spfvoids": f"@ {txt('v=spf1 a:no1.cases.test mx:no2.cases.test exists:no3.cases.test -all')}",
    "spfnowhere": f"@ {txt('v=spf1 include:mxnone.cases.test -all')}",
    "spfbroken": f"@ {txt('v=spf1 ipv4:198.51.100.1 -all')}",
    "spfnetwork": f"@ {txt('v=spf1 ip4:198.51.100.300 -all')}",
    "spfmask": f"@ {txt('v=spf1 ip4:192.0.2.0/255.255.255.0 -all')}",
    "spfzeros": f"@ {txt('v=spf1 ip4:192.0.2.0/024 -all')}",
    "spfzeros6": f"@ {txt('v=spf1 ip6:2001:db8::/032 -all')}",
    "spfaddress": f"@ {txt('v=spf1 a:198.51.100.1 -all')}",
    "spflocal": f"@ {txt('v=spf1 a:localhost -all')}",
    "spfdualzeros": f"@ {txt('v=spf1 a:cdn.cases.test/08 -all')}",
    "spfdualzeros6": f"@ {txt('v=spf1 mx:mxtwo.cases.test/24//064 -all')}",
    "spfscope": f"@ {txt('v=spf1 ip6:fe80::1%eth0/64 -all')}",
    "spflabel": f"@ {txt('v=spf1 a:a..b -all')}",
    "spfnoredirect": f"@ {txt('v=spf1 redirect=mxnone.cases.test')}",
    "spfnobreak": f"@ {txt('v=spf1 mx:mxtwo.cases.test', NO_BREAK, '-all')}",
    "spftab": f"@ {txt('v=spf1 mx:mxtwo.cases.test', TAB, '-all')}",
    "spfline": f"@ {txt('v=spf1 mx:mxtwo.cases.test -all', LINE)}",
    "spfbare1": f"@ {txt('v=spf1', LINE)}",
    "spfequals": f"@ {txt('v=spf1 include=spfok.cases.test ip4=198.51.100.1 -all')}",
    # DMARC
    "dnobreak": f"_dmarc {txt('v=DMARC1;', NO_BREAK, 'p=reject')}",
    "dnobreak2": f"_dmarc {txt('v=DMARC1; p=', NO_BREAK, 'reject')}",
    "dnobreak3": f"_dmarc {txt('v=DMARC1', NO_BREAK, '; p=reject')}",
    "dline": f"_dmarc {txt('v=DMARC1; p=reject', LINE)}",
    "ddigit": f"_dmarc {txt('v=DMARC1; p=quarantine; pct=', chr(92), '217', chr(92), '160')}",
    "dq": f"_dmarc {txt('v=DMARC1; p=quarantine; sp=none')}\n_dmarc.own {txt('v=DMARC1;p=reject;pct=20')}",
    "dr": f"_dmarc {txt('v=DMARC1; p=reject')}\n_dmarc.mid {txt('v=DMARC1; p=none')}",
    "dtwo": f"_dmarc {txt('v=DMARC1; p=reject')}\n_dmarc {txt('v=DMARC1; p=none')}",
    "dtest": f"_dmarc {txt('v=DMARC1; p=quarantine; t=y')}",
    "dzero": f"_dmarc {txt('v=DMARC1; p=quarantine; pct=0')}",
    "dnop": f"_dmarc {txt('v=DMARC1; rua=mailto:dmarc@good.test')}",
    "dwrong": f"_dmarc {txt('v=DMARC1; p=rejct')}",
    "dother": f"_dmarc {txt('v=spf1 -all')}",
    "dsub": f"_dmarc {txt('v=DMARC1; p=reject; sp=rejct')}",
    "dforeign": f"_dmarc {txt('v=DMARC1; p=reject; rua=mailto:a@reports.example')}",
    "dtaken": f"_dmarc {txt('v=DMARC1; p=reject; rua=mailto:a@takes.test!10m, mailto:b@dtaken.cases.test')}",
    "dpartly": f"_dmarc {txt('v=DMARC1; p=reject; rua=mailto:a@takes.test,mailto:b@reports.example')}",
    "dbare": f"_dmarc {txt('v=DMARC1; p=reject; rua=dmarc@dbare.cases.test')}",
    "dslashes": f"_dmarc {txt('v=DMARC1; p=reject; rua=mailto://dmarc@dslashes.cases.test')}",
    "dkin": f"_dmarc {txt('v=DMARC1; p=reject; rua=mailto:a@sister.cases.test')}",
    "dabsent": f"_dmarc {txt('v=DMARC1; p=reject; np=none')}\nthere A 198.51.100.1",
    "dcapital": f"_dmarc {txt('v=DMARC1; P=reject')}",
    "dcapitals": f"_dmarc {txt('v=DMARC1; p=reject; SP=none; RUA=mailto:a@good.test; x=Y')}",
    # CAA
    "cwild": '@ CAA 0 issue "ca.example"\n@ CAA 0 issuewild "other.example"',
    "cdot": '@ CAA 0 issue "ca.example."',
    "cword": '@ CAA 0 issue "ca.example; dns-01"',
    "cspace": '@ CAA 0 issue "ca.example; validationmethods=dns-01 accounturi=x"',
    "cunderscore": '@ CAA 0 issue "ca.example; validation_methods=dns-01"',
    "cline": '@ CAA 0 issue "ca.example\\010"',
    "csemicolon": '@ CAA 0 issue "ca.example; a=b;"',
    "cbeside": '@ CAA 0 issue "ca.example"\n@ CAA 0 issue "other example"',
    "cparameters": '@ CAA 0 issue "\\009ca.example ; a-1 = b:/ ;c=;d= e "',
    "cnobody": '@ CAA 0 issue ";"',
    "ciodef": '@ CAA 0 iodef "mailto:security@example.com"',
    "ccritical": '@ CAA 0 issue "ca.example"\n@ CAA 128 strange "x"',
    "cgood": '@ CAA 0 issue "CA.example; validationmethods=dns-01"\n@ CAA 0 issuewild ";"',
}  # fmt: skip
"""Names below cases.test, with what stands at and below each."""

KEYS = {
    "r2": dkim(RSA_2048),
    "r1": dkim(RSA_1024),
    "ed": dkim(ED25519, "ed25519"),
    "alias": "CNAME r2._domainkey",
    "test": txt(f"v=DKIM1; t=y:s; p={RSA_2048}"),
    "spaced": txt(f"k=rsa; p={RSA_2048[:80]} {RSA_2048[80:]}"),
    "two": f"{dkim(RSA_2048)}\ntwo._domainkey {dkim(RSA_1024)}",
    "private": dkim(RSA_PRIVATE),
    "kind": f'TXT "v=DKIM1; k={NO_BREAK}rsa; p={RSA_2048[:150]}" "{RSA_2048[150:]}"',
    "nobase": dkim("not base64!"),
    "nobreak": f'TXT "v=DKIM1;{NO_BREAK}k=rsa; p={RSA_2048[:150]}" "{RSA_2048[150:]}"',
    "nobreakin": f'TXT "v=DKIM1; p={RSA_2048[:150]}{NO_BREAK}" "{RSA_2048[150:]}"',
    "line": f'TXT "v=DKIM1; p={RSA_2048[:150]}" "{RSA_2048[150:]}{LINE}"',
    "ec": dkim(EC_256),
    "damaged": dkim(RSA_DAMAGED),
    "v2": txt(f"v=DKIM2; p={RSA_2048}"),
    "late": txt(f"k=rsa; v=DKIM1; p={RSA_2048}"),
    "revoked": txt("v=DKIM1; k=rsa; p="),
    "split": f'TXT "v=DKIM1; k=rsa; p={RSA_2048[:200]}" "{RSA_2048[200:]}"',
    "capital": txt(f"v=DKIM1; P={RSA_2048}"),
    "gost": dkim(RSA_2048, "gost"),
    "sha1": txt(f"v=DKIM1; h=sha1; p={RSA_2048}"),
    "chat": txt(f"v=DKIM1; s=chat; p={RSA_2048}"),
    "nohash": txt(f"v=DKIM1; h=; p={RSA_2048}"),
    "noservice": txt(f"v=DKIM1; s=; p={RSA_2048}"),
    "short": dkim(ED25519[:20], "ed25519"),
    "spf": txt("v=spf1 -all"),
}
CASES["keys"] = "\n".join(f"{selector}._domainkey {record}" for selector, record in KEYS.items())


@dataclass(frozen=True)
class World:
    """The servers, and domains that are looked at by them."""

    first: Knot
    second: Knot
    plain: Unbound
    validating: Unbound
    anchors: Path

    def domain(self, name: str, **fields: Any) -> Domain:
        """A domain with both servers, and the resolver that validates nothing, unless fields say otherwise."""
        declared: dict[str, Any] = {
            "nameservers": (self.first.place, self.second.place),
            "resolvers": (self.plain.place,),
            "trust_anchors": self.anchors,
        }
        return Domain(name="shop", domain=name, **declared | fields)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    for name in ("knotd", "unbound"):
        program(name)
    directory = tmp_path_factory.mktemp("dns")
    root = Zone(".", servers=["ns1.test."])
    hosts = "ns1 A 127.0.0.1\nns2 A 127.0.0.2\nweb A 198.51.100.1\nweb AAAA 2001:db8::1\n"
    hosts += f"dtaken.cases.test._report._dmarc.takes {txt('v=DMARC1')}\n*._report._dmarc.takes {txt('v=DMARC1;')}"
    cases = "\n".join(f"$ORIGIN {label}.cases.test.\n{records}" for label, records in CASES.items())
    shared = [root, Zone("test.", hosts), zone("good"), Zone("cases.test.", cases)]
    texts = glued([*shared, *(fault.zone for fault in FAULTS)])
    others = {fault.second.name.to_text(): fault.second.text() for fault in FAULTS if fault.second}
    anchors = directory / "anchors"
    anchors.write_text(f"{root.anchor}\n")
    with (
        Knot(directory / "first", texts) as first,
        Knot(directory / "second", texts | others, "127.1.0.2") as second,
        Unbound(directory / "plain", first, list(texts)) as plain,
        Unbound(directory / "validating", first, list(texts), root.anchor) as validating,
    ):
        yield World(first, second, plain, validating, anchors)


def seen(id: str, domain: Domain, **parameters: Any) -> str:
    with pytest.raises(ClaimFalse) as caught:
        judge(id, domain, **parameters)
    assert caught.value.expected
    return caught.value.seen


@pytest.fixture
def case(world: World) -> Callable[[str], Domain]:
    """A domain of `CASES`."""
    return lambda label: world.domain(f"{label}.cases.test")


Case = Callable[[str], Domain]


# Registration


def rdap(name: str = "good.test", days: float = 100, **changes: Any) -> dict[str, Any]:
    """What a registry answers of a domain (RFC 9083 section 5.3)."""
    expires = datetime.now(UTC) + timedelta(days=days)
    return {
        "objectClassName": "domain",
        "ldhName": name.upper(),
        "status": ["active", "client transfer prohibited"],
        "events": [
            {"eventAction": "registration", "eventDate": "1995-08-14T04:00:00Z"},
            {"eventAction": "expiration", "eventDate": expires.isoformat()},
        ],
    } | changes


@pytest.fixture(scope="session")
def registry_app(authority: Authority) -> Iterator[WebApp]:
    with WebApp(https=authority.issue()) as app:
        yield app


@pytest.fixture
def registered(registry_app: WebApp, authority: Authority, world: World) -> Callable[..., Domain]:
    """A domain whose registry answers this of the name."""

    def domain(data: Any, name: str = "good.test", domain: str = "", status: int = 200) -> Domain:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        registry_app.routes = {
            f"/rdap/domain/{name}": Response(status, [("Content-Type", "application/rdap+json")], body)
        }
        return world.domain(domain or name, rdap=f"{registry_app.url}/rdap/", ca=authority.ca_file)

    return domain


Registered = Callable[..., Domain]

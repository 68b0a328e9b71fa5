"""Who issued an endpoint's certificate, and what is stapled to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from pydantic import ValidationError

from pytest_readiness.core.evidence import ClaimFalse, CouldNotVerify, Evidence, NotDeclared
from pytest_readiness.domains.http.resource import Url
from pytest_readiness.domains.tls.checks.certificate import issuer, ocsp
from pytest_readiness.domains.tls.records import TlsScan
from tests.domains.tls.tls_scans import GROUPS, STRONG, broken, outcome, scanned
from tests.judging import judge, read
from tests.protocols.http.certificates import CASES, Setup, written
from tests.protocols.http.certificates import authority as authority_of_table
from tests.protocols.http.certificates import leaf as leaf_of_table
from tests.stack.certs import Authority, Certificate, Key
from tests.stack.fixtures import NginxFactory
from tests.stack.silent import Response, WebApp


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("other-authority"), "Somebody Else's Root")


Issue = Callable[[Authority], Certificate]
CERTIFICATES: dict[str, tuple[Issue, dict[str, str]]] = {
    "expired": (
        lambda authority: authority.issue(expired=True),
        {
            "tls.trusted": "a certificate of the path has expired",
            "tls.expiry": "expired 1.0 days ago",
            "tls.mozilla": "a certificate of the path has expired",
        },
    ),
    "10 of 60 days left": (
        lambda authority: authority.issue(not_before=datetime.now(UTC) - timedelta(days=50)),
        {"tls.expiry": "10.0 days left of 60.0 days, until "},
    ),
    "not yet valid": (
        lambda authority: authority.issue(not_before=datetime.now(UTC) + timedelta(days=1)),
        {
            "tls.trusted": "a certificate of the path is not valid yet",
            "tls.expiry": "valid only from ",
            "tls.mozilla": "a certificate of the path is not valid yet",
        },
    ),
    "wrong name": (
        lambda authority: authority.issue(["other.example.com", "www.example.com"]),
        {
            "tls.trusted": "not for this name: for other.example.com, www.example.com, issued by",
            "tls.mozilla": "not for this name",
        },
    ),
    "self-signed": (
        lambda authority: authority.self_signed(),
        {
            "tls.trusted": "the certificate is self-signed, and not in the trust store: for localhost, 127.0.0.1, "
            "issued by CN=localhost",
            "tls.mozilla": "self-signed",
        },
    ),
    "missing intermediate": (
        lambda authority: authority.issue(via_intermediate=True, chain="missing"),
        {
            "tls.trusted": "no path leads",
            "tls.chain": "1 sent; CN=Readiness Test Intermediate, who issued the last, is neither sent nor in",
            "tls.mozilla": "no path leads",
        },
    ),
    "wrong order": (
        lambda authority: authority.issue(via_intermediate=True, chain="wrong-order"),
        {"tls.chain": "issued by CN=Readiness Test Intermediate, is followed by CN=Readiness Test Root"},
    ),
    "expired intermediate": (
        lambda authority: authority.issue(via_intermediate=True, intermediate_expired=True),
        {
            "tls.trusted": "a certificate of the path has expired",
            "tls.expiry": "CN=Readiness Test Intermediate, above the certificate, is valid until ",
            "tls.chain": "CN=Readiness Test Intermediate: from ",
            "tls.mozilla": "a certificate of the path has expired",
        },
    ),
    "400 days": (
        lambda authority: authority.issue(days=400),
        {"tls.lifetime": "400.0 days, issued on ", "tls.mozilla": "lifetime of 400.0 days"},
    ),
    "RSA with 1024 bits": (
        lambda authority: authority.issue(key="rsa1024"),
        {
            "tls.trusted": "the certificate's key is too short",
            "tls.key": "CN=localhost: rsa 1024 bits",
            "tls.mozilla": "RSA key of 1024 bits",
        },
    ),
    "signed with SHA-1": (
        lambda authority: authority.issue(hash="sha1"),
        {
            "tls.trusted": "signed with an algorithm that clients refuse",
            "tls.key": "CN=localhost: ecdsa secp256r1, signed with ecdsa-with-SHA1",
            "tls.mozilla": "signed with an algorithm that clients refuse, such as SHA-1; signed with ecdsa-with-SHA1",
        },
    ),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_certificate_with_one_thing_broken(case: str, authority: Authority, nginx_factory: NginxFactory) -> None:
    issue, expected = CERTIFICATES[case]
    # OpenSSL 3 serves short keys and SHA-1 at this level only.
    with nginx_factory(https=issue(authority), ciphers=f"{STRONG}:@SECLEVEL=0", curves=GROUPS) as server:
        seen = broken(scanned(server.url, authority.ca_file))
    assert seen.keys() == expected.keys(), seen
    assert all(words in seen[id] for id, words in expected.items()), seen


def test_trusted_whole_chain_through_an_intermediate(authority: Authority, nginx_factory: NginxFactory) -> None:
    with nginx_factory(https=authority.issue(via_intermediate=True), ciphers=STRONG, curves=GROUPS) as server:
        assert broken(scanned(server.url, authority.ca_file)) == {}


def test_trusted_untrusted_authority(
    authority: Authority, other_authority: Authority, nginx_factory: NginxFactory
) -> None:
    with nginx_factory(https=other_authority.issue(), ciphers=STRONG, curves=GROUPS) as server:
        seen = broken(scanned(server.url, authority.ca_file))
        with pytest.raises(ClaimFalse) as system:
            judge("tls.trusted", Url(name="shop", url=server.url))
    assert seen.keys() == {"tls.trusted", "tls.chain", "tls.mozilla"}
    assert "issued by CN=Somebody Else's Root" in seen["tls.trusted"]
    assert "CN=Somebody Else's Root, who issued the last, is neither sent nor in the trust store" in seen["tls.chain"]
    assert "the system's trust store (/" in system.value.expected


def _ending(days: float) -> Setup:
    root = authority_of_table()
    middle = authority_of_table(root, days=(-300, days))
    return Setup([leaf_of_table(middle), middle], [root])


def _root_ending(days: float) -> Setup:
    root = authority_of_table(days=(-300, days))
    return Setup([leaf_of_table(root)], [root])


def _cross_ending(days: float) -> Setup:
    """What the old root signed ends, and so does the old root: the new one is in the store."""
    old, new = authority_of_table(days=(-3000, days)), authority_of_table()
    cross = authority_of_table(old, name=new.name, key=new.key, days=(-300, days))
    return Setup([leaf_of_table(new), cross], [old, new])


def _old_root_over() -> Setup:
    old, new = authority_of_table(days=(-3000, -1)), authority_of_table()
    cross = authority_of_table(old, name=new.name, key=new.key)
    return Setup([leaf_of_table(new), cross], [old, new])


WHOLE_CHAIN: dict[str, tuple[Callable[[], Setup], set[str]]] = {
    "intermediate for years": (lambda: _ending(1000), set()),
    "intermediate for 31 days": (lambda: _ending(31), set()),
    "intermediate for 3 days": (lambda: _ending(3), {"tls.expiry", "tls.chain"}),
    "intermediate over": (lambda: _ending(-1), {"tls.trusted", "tls.expiry", "tls.chain"}),
    "root for 3 days": (lambda: _root_ending(3), {"tls.expiry"}),
    "root over": (lambda: _root_ending(-1), {"tls.trusted", "tls.expiry"}),
    "cross-signed for 3 days": (lambda: _cross_ending(3), {"tls.chain"}),
    "cross-signed by a root that is over": (_old_root_over, set()),
    "constraints not critical": (CASES["constraints not critical"][0], set()),
    "root of version 1": (CASES["root of version 1"][0], set()),
    "common name only": (CASES["common name only"][0], {"tls.trusted"}),
    "private root": (CASES["private root"][0], {"tls.trusted"}),
}


@pytest.mark.parametrize("case", WHOLE_CHAIN)
def test_every_certificate_of_the_chain_is_looked_at(case: str, tmp_path: Path) -> None:
    make, expected = WHOLE_CHAIN[case]
    files = written(make(), tmp_path)
    with WebApp({"/": Response()}, files) as app:
        url = Url(name="shop", url=f"https://shop.test:{app.port}", address="127.0.0.1", ca=files.ca_file)
        scan: TlsScan = read("tls_scan", url, {"tls_scan": ("certificate_info",)})
        # Whoever asks by HTTP says the same.
        reachable = outcome_of("http.reachable", url)
    seen = {id for id in ("tls.trusted", "tls.expiry", "tls.chain") if isinstance(outcome(id, scan), ClaimFalse)}
    assert seen == expected
    assert reachable == ("tls.trusted" not in expected)


def outcome_of(id: str, url: Url) -> bool:
    try:
        judge(id, url)
    except ClaimFalse:
        return False
    return True


def test_trusted_warns_of_keys_that_a_browser_does_not_take(tmp_path: Path) -> None:
    for case, warned in (("as it should be", ""), ("P-521", "secp521r1"), ("Ed25519", "Ed25519")):
        (tmp_path / case).mkdir()
        files = written(CASES[case][0](), tmp_path / case)
        with WebApp({"/": Response()}, files) as app:
            url = Url(name="shop", url=f"https://shop.test:{app.port}", address="127.0.0.1", ca=files.ca_file)
            warning = judge("tls.trusted", url).warning
        assert (warned in warning) if warned else not warning
        assert "PublicKey" not in warning


def test_a_name_with_an_underscore_is_looked_at(tmp_path: Path) -> None:
    for case in ("underscore", "wildcard for an underscore", "dot at the end of the host"):
        (tmp_path / case).mkdir()
        setup, host, *_ = CASES[case]
        files = written(setup(), tmp_path / case)
        with WebApp({"/": Response()}, files) as app:
            url = Url(name="shop", url=f"https://{host}:{app.port}", address="127.0.0.1", ca=files.ca_file)
            assert judge("tls.trusted", url).text.startswith(f"for {host}, issued by ")
            assert judge("tls.expiry", url)


def test_issuer_whose_letters_are_written_otherwise(good: TlsScan) -> None:
    composed, combined = "B\u00fcro", "Bu\u0308ro"
    leaf = replace(good.deployments[0].leaf, issuer_names=(combined,))
    scan = replace(good, deployments=(replace(good.deployments[0], chain=(leaf,)),))
    assert isinstance(outcome("tls.issuer", scan, names=[composed]), Evidence)
    assert isinstance(outcome("tls.issuer", scan, names=["Buro"]), ClaimFalse)


def test_kinds_of_keys_are_named_as_people_do(good: TlsScan) -> None:
    leaf = replace(good.deployments[0].leaf, key_type="Ed25519PublicKey", key_bits=0, curve="")
    scan = replace(good, deployments=(replace(good.deployments[0], chain=(leaf,)),))
    told = outcome("tls.key", scan)
    assert isinstance(told, Evidence)
    assert told.text.startswith("Ed25519, signed with ")


@pytest.mark.parametrize(
    ("lifetime", "left", "parameters", "holds"),
    [
        (365, 30.1, {}, True),
        (365, 29.9, {}, False),
        (90, 29, {}, True),
        (90, 22.6, {}, True),
        (90, 22.4, {}, False),
        (47, 15, {}, True),
        (47, 11, {}, False),
        (6, 2, {}, True),
        (90, 29, {"min_days": 30}, False),
        (90, 31, {"min_days": 30}, True),
        (90, 31, {"min_fraction": 0.33}, True),
        (90, 29, {"min_fraction": 0.33}, False),
        (90, 31, {"min_days": 30, "min_fraction": 0.5}, False),
        (90, 29, {"min_days": 30, "min_fraction": 0.1}, False),
    ],
)
def test_expiry_time_left(
    lifetime: float,
    left: float,
    parameters: dict[str, float],
    holds: bool,
    good: TlsScan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("READINESS_NOW", "2026-03-01T12:00:00Z")
    end = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=left)
    leaf = replace(good.deployments[0].leaf, not_before=end - timedelta(days=lifetime), not_after=end)
    scan = replace(good, deployments=(replace(good.deployments[0], chain=(leaf,)),))
    assert isinstance(outcome("tls.expiry", scan, **parameters), Evidence if holds else ClaimFalse)


@pytest.mark.parametrize(
    ("left", "seen"),
    [
        (timedelta(days=30, seconds=-60), "29.999 days left of 400.0 days, until "),
        (timedelta(days=29.9), "29.9 days left of "),
        (timedelta(minutes=-20), "expired 0.01 days ago, on "),
    ],
)
def test_expiry_tells_more_than_the_limit_does(
    left: timedelta, seen: str, good: TlsScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounded to one decimal, what is short of 30 days by a minute would read as 30.0."""
    monkeypatch.setenv("READINESS_NOW", "2026-03-01T12:00:00Z")
    end = datetime(2026, 3, 1, 12, tzinfo=UTC) + left
    leaf = replace(good.deployments[0].leaf, not_before=end - timedelta(days=400), not_after=end)
    found = outcome("tls.expiry", replace(good, deployments=(replace(good.deployments[0], chain=(leaf,)),)))
    assert isinstance(found, ClaimFalse)
    assert found.seen.startswith(seen)


def test_expiry_judges_every_certificate(good: TlsScan) -> None:
    leaf = good.deployments[0].leaf
    earlier = timedelta(days=55)
    other = replace(leaf, not_before=leaf.not_before - earlier, not_after=leaf.not_after - earlier)
    scan = replace(good, deployments=(replace(good.deployments[0], chain=(other,)), good.deployments[0]))
    assert isinstance(outcome("tls.expiry", scan), ClaimFalse)


def test_evidence_tells_of_every_certificate(good: TlsScan) -> None:
    leaf = good.deployments[0].leaf
    year = timedelta(days=365)
    other = replace(
        leaf,
        not_before=leaf.not_before + timedelta(minutes=1),
        not_after=leaf.not_after + year,
        issuer="CN=Another",
        key_bits=4096,
        curve="",
        key_type="rsa",
    )
    scan = replace(good, deployments=(*good.deployments, replace(good.deployments[0], chain=(other,))))
    for check, parts, parameters in (
        ("tls.expiry", [f"until {each.not_after:%Y-%m-%d}" for each in (leaf, other)], {}),
        ("tls.lifetime", [f"issued on {leaf.not_before:%Y-%m-%d}; limit", "; "], {"max_days": 4000}),
        ("tls.trusted", [leaf.issuer, "CN=Another"], {}),
        ("tls.key", [leaf.key_type, "rsa 4096 bits"], {}),
    ):
        told = outcome(check, scan, **parameters)
        assert isinstance(told, Evidence)
        assert all(part in told.text for part in parts), told.text


@pytest.mark.parametrize(
    ("issued", "days", "parameters", "holds"),
    [
        ((2026, 3, 14), 398, {}, True),
        ((2026, 3, 14), 399, {}, False),
        ((2026, 3, 15), 200, {}, True),
        ((2026, 3, 15), 201, {}, False),
        ((2027, 3, 15), 101, {}, False),
        ((2029, 3, 15), 47, {}, True),
        ((2029, 3, 15), 48, {}, False),
        ((2027, 3, 15), 398, {"max_days": 398}, True),
        ((2026, 1, 1), 91, {"max_days": 90}, False),
    ],
)
def test_lifetime_limits(
    issued: tuple[int, int, int], days: int, parameters: dict[str, int], holds: bool, good: TlsScan
) -> None:
    start = datetime(*issued, tzinfo=UTC)
    leaf = replace(good.deployments[0].leaf, not_before=start, not_after=start + timedelta(days=days))
    scan = replace(good, deployments=(replace(good.deployments[0], chain=(leaf,)),))
    assert isinstance(outcome("tls.lifetime", scan, **parameters), Evidence if holds else ClaimFalse)


def test_lifetime_over_the_limit_by_a_minute(good: TlsScan) -> None:
    leaf = good.deployments[0].leaf
    longer = replace(leaf, not_after=leaf.not_before + timedelta(days=90, minutes=1))
    scan = replace(good, deployments=(replace(good.deployments[0], chain=(longer,)),))
    found = outcome("tls.lifetime", scan, max_days=90)
    assert isinstance(found, ClaimFalse)
    assert found.seen.startswith("90.001 days, issued on ")


def test_key_minimum(authority: Authority, nginx_factory: NginxFactory) -> None:
    with nginx_factory(https=authority.issue(key="rsa2048")) as server:
        url = Url(name="shop", url=server.url, ca=authority.ca_file)
        assert judge("tls.key", url).text == "rsa 2048 bits, signed with ecdsa-with-SHA256"
        with pytest.raises(ClaimFalse) as error:
            judge("tls.key", url, min_rsa_bits=3072)
    assert error.value.seen == "CN=localhost: rsa 2048 bits, signed with ecdsa-with-SHA256"


ROOT = "Readiness Test Root"


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority with an organisation."""
    return Authority(tmp_path_factory.mktemp("named"), "Example Root R1", "Example Trust Services")


def test_issuer_by_organisation_or_common_name(named: Authority, nginx_factory: NginxFactory) -> None:
    with nginx_factory(https=named.issue()) as server:
        url = Url(name="shop", url=server.url, ca=named.ca_file)
        for name in ("Example Trust Services", "example root r1"):
            evidence = judge("tls.issuer", url, names=["Somebody Else", name])
            assert evidence.text.startswith("issued by CN=Example Root R1,O=Example Trust Services, verified with ")
        for part in ("Example", "Example Trust", "Root R1", "CN=Example Root R1"):
            with pytest.raises(ClaimFalse) as caught:
                judge("tls.issuer", url, names=[part])
            assert caught.value.expected == f"issued by {part}"
            assert caught.value.seen == "issued by CN=Example Root R1,O=Example Trust Services"


def test_issuer_is_the_one_that_signed_the_leaf(authority: Authority, nginx_factory: NginxFactory) -> None:
    with nginx_factory(https=authority.issue(via_intermediate=True)) as server:
        url = Url(name="shop", url=server.url, ca=authority.ca_file)
        assert judge("tls.issuer", url, names=["Readiness Test Intermediate"]).text
        with pytest.raises(ClaimFalse):
            judge("tls.issuer", url, names=[ROOT])


def test_issuer_that_only_claims_the_name(authority: Authority, tmp_path: Path, nginx_factory: NginxFactory) -> None:
    impostor = Authority(tmp_path / "impostor", ROOT)
    with nginx_factory(https=impostor.issue()) as server:
        with pytest.raises(CouldNotVerify) as caught:
            judge("tls.issuer", Url(name="shop", url=server.url, ca=authority.ca_file), names=[ROOT])
        with pytest.raises(ClaimFalse):
            judge("tls.issuer", Url(name="shop", url=server.url, ca=authority.ca_file), names=["Another"])
    assert f"names CN={ROOT} as its issuer, which cannot be verified with the authorities in" in caught.value.reason


def test_issuer_of_every_certificate(authority: Authority, named: Authority, nginx_factory: NginxFactory) -> None:
    both = authority.directory / "both.pem"
    both.write_bytes(authority.ca_file.read_bytes() + named.ca_file.read_bytes())
    rsa = named.issue(key="rsa2048")
    with nginx_factory(
        https=authority.issue(), raw=f"ssl_certificate {rsa.chain}; ssl_certificate_key {rsa.key};"
    ) as server:
        url = Url(name="shop", url=server.url, ca=both)
        assert judge("tls.issuer", url, names=[ROOT, "Example Root R1"]).text
        with pytest.raises(ClaimFalse, match="CN=Example Root R1"):
            judge("tls.issuer", url, names=[ROOT])


@pytest.mark.parametrize("protocols", ["TLSv1.3", "TLSv1.2 TLSv1.3", "TLSv1.2"])
@pytest.mark.parametrize("old", ["rsa2048", "ec256"])
def test_the_second_certificate_is_looked_at(
    protocols: str, old: Key, authority: Authority, nginx_factory: NginxFactory
) -> None:
    """Beside the one that a usual client gets; where TLS 1.3 alone is spoken, no suite tells RSA from ECDSA."""
    expired = authority.issue(expired=True, key=old)
    good = authority.issue(key="ec256" if old == "rsa2048" else "rsa2048")
    second = f"ssl_certificate {expired.chain}; ssl_certificate_key {expired.key};"
    with nginx_factory(https=good, raw=second, protocols=protocols) as server:
        url = Url(name="shop", url=server.url, ca=authority.ca_file)
        with pytest.raises(ClaimFalse, match=r"expired 1\.0 days ago"):
            judge("tls.expiry", url)
        with pytest.raises(ClaimFalse, match="has expired"):
            judge("tls.trusted", url)
        assert sorted(judge("tls.key", url).text.split("; ")) == [
            "ecdsa secp256r1, signed with ecdsa-with-SHA256",
            "rsa 2048 bits, signed with ecdsa-with-SHA256",
        ]


@pytest.mark.parametrize("names", [[], [""], [" "]])
def test_issuer_refuses_no_name(names: list[str]) -> None:
    with pytest.raises(ValidationError):
        judge("tls.issuer", Url(name="shop", url="https://localhost"), names=names)


def test_issuer_could_not_look(authority: Authority, nginx_factory: NginxFactory) -> None:
    with pytest.raises(NotDeclared):
        judge("tls.issuer", Url(name="shop", url="http://localhost"), names=[ROOT])
    with nginx_factory(https=authority.issue()) as server:
        scan: TlsScan = read("tls_scan", Url(name="s", url=server.url), {"tls_scan": ("certificate_info",)})
    with pytest.raises(CouldNotVerify):
        issuer(replace(scan, completed=()), names=[ROOT])


RESPONDER = "http://ocsp.example.com"


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Certificate:
    """A certificate that names a responder."""
    return authority.issue(responder=RESPONDER)


def stapled(
    authority: Authority, nginx_factory: NginxFactory, certificate: Certificate, response: Path | None
) -> TlsScan:
    """The scan of an nginx that staples this response."""
    staple = f"ssl_stapling on; ssl_stapling_file {response};" if response else ""
    with nginx_factory(https=certificate, raw=staple) as server:
        scan: TlsScan = read(
            "tls_scan",
            Url(name="shop", url=server.url, ca=authority.ca_file),
            {"tls_scan": ("certificate_info",)},
        )
    return scan


def test_ocsp_stapled(authority: Authority, nginx_factory: NginxFactory, leaf: Certificate) -> None:
    scan = stapled(authority, nginx_factory, leaf, authority.staple(leaf))
    evidence = ocsp(scan, required=True)
    assert evidence.text.startswith("good from 20")
    assert evidence.text.endswith(" UTC")
    assert not evidence.warning


def test_ocsp_stapled_by_a_responder_of_the_issuer(
    authority: Authority, nginx_factory: NginxFactory, leaf: Certificate
) -> None:
    responder = authority.issue(["ocsp.example.com"], purpose=ExtendedKeyUsageOID.OCSP_SIGNING)
    scan = stapled(authority, nginx_factory, leaf, authority.staple(leaf, signer=responder))
    assert ocsp(scan).text.startswith("good from ")


def _long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=8)


def _try_later(authority: Authority) -> Path:
    from cryptography.hazmat.primitives.serialization import Encoding

    file = authority.directory / "later.ocsp"
    later = x509_ocsp.OCSPResponseBuilder.build_unsuccessful(x509_ocsp.OCSPResponseStatus.TRY_LATER)
    file.write_bytes(later.public_bytes(Encoding.DER))
    return file


STAPLES: dict[str, tuple[Callable[[Authority, Certificate], Path | None], str]] = {
    "none": (lambda authority, leaf: None, f"none, though CN=localhost asks for {RESPONDER}"),
    "revoked": (lambda authority, leaf: authority.staple(leaf, revoked=True), "the status revoked"),
    "stale": (lambda authority, leaf: authority.staple(leaf, this_update=_long_ago()), "good from 20"),
    "not yet": (
        lambda authority, leaf: authority.staple(leaf, this_update=datetime.now(UTC) + timedelta(hours=1)),
        "good from 20",
    ),
    "without an end": (
        lambda authority, leaf: authority.staple(leaf, days=0),
        "one that does not say how long it is valid",
    ),
    "another certificate's": (
        lambda authority, leaf: authority.staple(authority.issue()),
        "one that is not valid: it is about another certificate",
    ),
    "signed by a server's certificate": (
        lambda authority, leaf: authority.staple(leaf, signer=authority.issue()),
        "one that is not valid: neither the certificate's issuer nor a responder of the issuer's signed it",
    ),
    "signed by an expired responder": (
        lambda authority, leaf: authority.staple(
            leaf, signer=authority.issue(["r"], purpose=ExtendedKeyUsageOID.OCSP_SIGNING, expired=True)
        ),
        "one that is not valid: the certificate of the responder that signed it (CN=r) expired on 20",
    ),
    "signed by a responder of tomorrow": (
        lambda authority, leaf: authority.staple(
            leaf,
            signer=authority.issue(
                ["r"], purpose=ExtendedKeyUsageOID.OCSP_SIGNING, not_before=datetime.now(UTC) + timedelta(days=1)
            ),
        ),
        "one that is not valid: the certificate of the responder that signed it (CN=r) is valid only from 20",
    ),
    "a refusal": (
        lambda authority, leaf: _try_later(authority),
        "one that is not valid: the responder answered try later",
    ),
}


@pytest.mark.parametrize("case", STAPLES)
def test_ocsp_with_one_thing_broken(
    case: str, authority: Authority, nginx_factory: NginxFactory, leaf: Certificate
) -> None:
    make, seen = STAPLES[case]
    scan = stapled(authority, nginx_factory, leaf, make(authority, leaf))
    with pytest.raises(ClaimFalse) as caught:
        ocsp(scan)
    assert caught.value.seen.startswith(seen)
    assert caught.value.expected == "a stapled OCSP response that is good and currently valid"


def test_ocsp_signed_by_another_authority(
    authority: Authority, named: Authority, nginx_factory: NginxFactory, leaf: Certificate
) -> None:
    scan = stapled(authority, nginx_factory, leaf, named.staple(leaf))
    with pytest.raises(ClaimFalse, match="neither the certificate's issuer nor a responder"):
        ocsp(scan)


def test_ocsp_of_an_unknown_issuer(
    authority: Authority, named: Authority, nginx_factory: NginxFactory, leaf: Certificate
) -> None:
    scan = stapled(named, nginx_factory, leaf, authority.staple(leaf))
    with pytest.raises(ClaimFalse, match="issuer is not known, so it cannot be verified"):
        ocsp(scan)


def test_ocsp_nothing_to_staple(authority: Authority, nginx_factory: NginxFactory) -> None:
    scan = stapled(authority, nginx_factory, authority.issue(), None)
    evidence = ocsp(scan)
    assert evidence.text == "CN=localhost names no OCSP responder: nothing to staple"
    assert evidence.warning.startswith("Whether the certificate was revoked cannot be asked by OCSP")
    with pytest.raises(ClaimFalse) as caught:
        ocsp(scan, required=True)
    assert caught.value.expected == "a certificate that names an OCSP responder"


def test_ocsp_must_staple(authority: Authority, nginx_factory: NginxFactory) -> None:
    certificate = authority.issue(must_staple=True)
    with pytest.raises(ClaimFalse, match=r"none, though CN=localhost asks for a stapled response \(RFC 7633\)"):
        ocsp(stapled(authority, nginx_factory, certificate, None))
    assert ocsp(stapled(authority, nginx_factory, certificate, authority.staple(certificate))).text

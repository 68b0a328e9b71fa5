from __future__ import annotations

import pytest

from pytest_readiness.core.evidence import CouldNotVerify, Evidence
from tests.domains.dns.dns_world import Case, World, seen
from tests.judging import judge


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("mxalias", "mail.mxalias.cases.test is an alias of cdn.cases.test"),
        ("mxnowhere", "nowhere.mxnowhere.cases.test has no address"),
        ("mxaddress", "198.51.100.25 is an address, not a name"),
        ("mxself", "a.mxself.cases.test has the address 127.0.0.1, at which no mail server of the domain can be"),
        ("mxzero", "b.mxzero.cases.test has the address 0.0.0.0, at which"),
        ("mxself6", "a.mxself6.cases.test has the address ::1, at which"),
        ("mxmapped", "a.mxmapped.cases.test has the address ::ffff:127.0.0.1, at which"),
        ("mxlocal", "a.mxlocal.cases.test has the address 169.254.1.1, at which"),
        ("mxmulti", "a.mxmulti.cases.test has the address 224.0.0.5, at which"),
        ("mxreserved", "a.mxreserved.cases.test has the address 240.0.0.1, at which"),
        ("mxnone", "no MX record for mxnone.cases.test, as "),
    ],
)
def test_mx_fails(case: Case, label: str, what: str) -> None:
    assert seen("dns.mx", case(label)).startswith(what)


def test_mx_warns_of_private_addresses(case: Case) -> None:
    assert judge("dns.mx", case("mxprivate")).warning == "not reachable over the Internet: 10.1.2.3"
    inside = judge("dns.mx", case("mxprivates")).warning
    assert inside == "not reachable over the Internet: 198.18.0.1, ::ffff:10.1.2.3, fec0::1"


def test_mx_of_too_many(case: Case) -> None:
    with pytest.raises(CouldNotVerify, match=r"mxmany\.cases\.test has 31 MX records; at most 30 are looked at"):
        judge("dns.mx", case("mxmany"))


def test_mx_hosts(case: Case) -> None:
    both = ["a.mxtwo.cases.test", "B.mxtwo.cases.test."]
    text = judge("dns.mx", case("mxtwo"), hosts=both).text
    assert text.startswith("10 a.mxtwo.cases.test, 20 b.mxtwo.cases.test (as ")
    for hosts in (both[:1], [*both, "c.example.com"]):
        assert seen("dns.mx", case("mxtwo"), hosts=hosts).startswith("10 a.mxtwo.cases.test, 20 b.mxtwo.cases.test")


@pytest.mark.parametrize(
    ("label", "lookups", "warning"),
    [
        ("spfok", "(1 lookup)", ""),
        ("spfsoft", "(1 lookup)", ""),
        ("spfredirect", "(2 lookups)", ""),
        ("spften", "(10 lookups)", "ptr in spfptr.cases.test: ptr should not be used"),
        ("spfafter", "(0 lookups)", f"{'mx, ' * 10}mx in spfafter.cases.test: receivers ignore what stands "),
        (
            "spfignored",
            "(0 lookups)",
            "ip4:198.51.100.2, -all, redirect=spfok.cases.test in spfignored.cases.test: receivers ignore what stands "
            "beside or behind ~all",
        ),
        ("spfignoredbelow", "(1 lookup)", "ip4:198.51.100.2, -all, redirect=spfok.cases.test in spfignored.cases.test"),
        ("spfclosed", "(0 lookups)", ""),
        ("spfnothalf", "(1 lookup)", ""),
        ("spfnotexists", "(1 lookup)", ""),
        ("spfnotworld", "(1 lookup)", ""),
        ("spfnotopen", "(3 lookups)", ""),
        ("spfinside", "(7 lookups)", ""),
        ("spfnotaround", "(3 lookups)", ""),
        ("spfvoid", "(2 lookups)", "2 void lookups: no1.cases.test A/AAAA, no2.cases.test A/AAAA"),
        ("spfmacro", "(2 lookups)", "not followed, as it depends on the mail: include:spfok.%{l}.example.com"),
        ("spfregion", "(0 lookups)", ""),
        (
            "spfequals",
            "(0 lookups)",
            "include=spfok.cases.test in spfequals.cases.test: receivers ignore it, as it has =",
        ),
        ("spfofdomain", "(3 lookups)", ""),
    ],
)
def test_spf(case: Case, label: str, lookups: str, warning: str) -> None:
    evidence = judge("dns.spf", case(label))
    assert evidence.text.endswith(lookups)
    assert evidence.warning.startswith(warning)
    assert bool(evidence.warning) == bool(warning)


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("spftwo", "2 records: v=spf1 -all | v=spf1 mx -all"),
        ("spfplus", "+all: v=spf1 +all"),
        ("spfbare", "+all: v=spf1 all"),
        ("spfnoall", "no all at the end: v=spf1 ip4:198.51.100.1"),
        ("spfinclude", "no all at the end: "),
        ("spfopen", "strangers may send, by +all in spfplus.cases.test: v=spf1 include:"),
        ("spfworld", "strangers may send, by ip4:198.51.100.1/0 in spfworld.cases.test: "),
        ("spfexists", "strangers may send, by exists:cdn.cases.test in spfexists.cases.test: "),
        ("spfworld6", "strangers may send, by a:cdn.cases.test/24//0 in spfworld6.cases.test: "),
        (
            "spfhalves",
            "strangers may send, by ip4:0.0.0.0/1 in spfhalves.cases.test, ip4:128.0.0.0/2 in spfhalf.cases.test, "
            "ip4:192.0.0.0/3 in spfhalf.cases.test, ip4:198.51.100.0/24 in spfhalves.cases.test: ",
        ),
        (
            "spfinternet6",
            "strangers may send, by ip6:2000::/4 in spfinternet6.cases.test, ip6:3000::/4 in spfinternet6.cases.test: ",
        ),
        (
            "spfaround",
            "strangers may send, by a:internal.cases.test/1 in spfaround.cases.test, "
            "mx:mxtwo.cases.test/1 in spfaround.cases.test: ",
        ),
        ("spfaround6", "strangers may send, by a:web.cases.test//3 in spfaround6.cases.test: "),
        ("spfexchangers6", "strangers may send, by mx:mxtwo.cases.test/24//3 in spfexchangers6.cases.test: "),
        ("spftwice", "strangers may send, by ip4:0.0.0.0/1 in spftwice.cases.test: "),
        ("spfwide", "strangers may send, by ip4:64.0.0.0/7 in spfwide.cases.test: "),
        (
            "spfbeside",
            "strangers may send, by ip4:64.0.0.0/8 in spfbeside.cases.test, ip4:65.0.0.0/8 in spfbeside.cases.test: ",
        ),
        ("spfwide6", "strangers may send, by ip6:2a00::/11 in spfwide6.cases.test: "),
        ("spfnomacro", "include:_s.%{x}.test in spfnomacro.cases.test has a macro that there is not"),
        ("spfpercent", "include:_s.%d.test in spfpercent.cases.test has a macro that there is not"),
        ("spfversion", "no TXT record that begins with v=spf1"),
        ("spfnobreak", r"mx:mxtwo.cases.test\xa0-all in spfnobreak.cases.test names no domain"),
        ("spftab", r"mx:mxtwo.cases.test\t-all in spftab.cases.test names no domain"),
        ("spfline", r"-all\n in spfline.cases.test is not an SPF term"),
        ("spfbare1", "no TXT record that begins with v=spf1 and a space"),
        ("spfeleven", "11 lookups: include:spfptr.cases.test in spfeleven.cases.test, ptr in spfptr.cases.test, "),
        ("spfloop", "21 or more lookups: "),
        ("spfvoids", "3 void lookups: no1.cases.test A/AAAA, no2.cases.test MX, no3.cases.test A"),
        ("spfnowhere", "include:mxnone.cases.test in spfnowhere.cases.test leads to no SPF record"),
        ("spfbroken", "ipv4:198.51.100.1 in spfbroken.cases.test is not a mechanism of SPF"),
        ("spfbehind", "ipv4:198.51.100.2 in spfbehind.cases.test is not a mechanism of SPF"),
        ("spfmacrobehind", "include:_s.%d.test in spfmacrobehind.cases.test has a macro that there is not"),
        ("spfnetwork", "ip4:198.51.100.300 in spfnetwork.cases.test names no network of that version"),
        (
            "spfmask",
            "ip4:192.0.2.0/255.255.255.0 in spfmask.cases.test is malformed: / is not followed by a prefix length",
        ),
        ("spfzeros", "ip4:192.0.2.0/024 in spfzeros.cases.test is malformed"),
        ("spfzeros6", "ip6:2001:db8::/032 in spfzeros6.cases.test is malformed"),
        (
            "spfaddress",
            "a:198.51.100.1 in spfaddress.cases.test names no domain; for an address write ip4:198.51.100.1",
        ),
        ("spflocal", "a:localhost in spflocal.cases.test names no domain"),
        ("spfdualzeros", "a:cdn.cases.test/08 in spfdualzeros.cases.test is malformed"),
        ("spfdualzeros6", "mx:mxtwo.cases.test/24//064 in spfdualzeros6.cases.test is malformed"),
        ("spfscope", "ip6:fe80::1%eth0/64 in spfscope.cases.test names no network of that version"),
        ("spflabel", "a:a..b in spflabel.cases.test names no domain"),
        ("spfnoredirect", "redirect=mxnone.cases.test in spfnoredirect.cases.test leads to no SPF record"),
    ],
)
def test_spf_fails(case: Case, label: str, what: str) -> None:
    assert seen("dns.spf", case(label)).startswith(what)


def test_spf_hard(case: Case) -> None:
    assert judge("dns.spf", case("spfredirect"), hard=True)
    assert seen("dns.spf", case("spfsoft"), hard=True).startswith("~all: ")


def test_dkim(case: Case) -> None:
    evidence = judge("dns.dkim", case("keys"), selectors=["r2", "ed", "alias", "spaced"])
    assert evidence == Evidence("r2: RSA 2048 bits; ed: Ed25519; alias: RSA 2048 bits; spaced: RSA 2048 bits")
    assert judge("dns.dkim", case("keys"), selectors=["split"]).text == "split: RSA 2048 bits"
    assert judge("dns.dkim", case("keys"), selectors=["line"]).text == "line: RSA 2048 bits"
    assert judge("dns.dkim", case("keys"), selectors=["r1"], min_rsa_bits=1024).text == "r1: RSA 1024 bits"
    assert judge("dns.dkim", case("keys"), selectors=["test"]).warning == "test is marked as a test (t=y)"


@pytest.mark.parametrize(
    ("selector", "what"),
    [
        ("r1", "an RSA key of 1024 bits"),
        ("two", "2 TXT records at two._domainkey.keys.cases.test, where there must be one"),
        ("nobase", "a key that is not base64"),
        ("nobreak", r"no DKIM key record: v=DKIM1;\xa0k=rsa; p="),
        ("nobreakin", "a key that is not base64"),
        ("kind", r"a key of the unknown kind \xa0rsa"),
        ("private", "a private key in place of the public one, with which whoever reads it can sign: make a new pair"),
        ("ec", "a key that is not an RSA public key"),
        ("damaged", "an RSA key that was never made so, as a small number divides it: copy p= again: v=DKIM1; k=rsa"),
        ("v2", "no DKIM key record: v=DKIM2"),
        ("late", "v= is not the first tag, so that verifiers discard the record: k=rsa; v=DKIM1; p="),
        ("revoked", "a revoked key (p= is empty): v=DKIM1; k=rsa; p="),
        ("capital", "no DKIM key record: v=DKIM1; P="),
        ("gost", "a key of the unknown kind gost"),
        ("sha1", "a key not for SHA-256"),
        ("chat", "a key not for mail"),
        ("nohash", "a key not for SHA-256"),
        ("noservice", "a key not for mail"),
        ("short", "an Ed25519 key of 15 bytes instead of 32"),
        ("spf", "no DKIM key record: v=spf1 -all"),
        ("nosuch", "no such name (NXDOMAIN) for nosuch._domainkey.keys.cases.test"),
    ],
)
def test_dkim_fails(case: Case, selector: str, what: str) -> None:
    assert seen("dns.dkim", case("keys"), selectors=["r2", selector]).startswith(what)


@pytest.mark.parametrize(
    ("name", "text", "warning"),
    [
        ("dq", "quarantine at _dmarc.dq.cases.test", "subdomains have the policy none"),
        ("own.dq", "reject at _dmarc.own.dq.cases.test", "only for 20 % of the mail"),
        ("sub.dr", "reject (for subdomains) at _dmarc.dr.cases.test", ""),
        ("a.mid.dr", "reject (for subdomains) at _dmarc.dr.cases.test", ""),
        ("dline", "reject at _dmarc.dline.cases.test", ""),
        (
            "dabsent",
            "reject at _dmarc.dabsent.cases.test",
            "names below that do not exist have the policy none (np=), and anybody can make one up",
        ),
        ("there.dabsent", "reject (for subdomains) at _dmarc.dabsent.cases.test", ""),
        ("ddigit", "quarantine at _dmarc.ddigit.cases.test", ""),
    ],
)
def test_dmarc(world: World, name: str, text: str, warning: str) -> None:
    evidence = judge("dns.dmarc", world.domain(f"{name}.cases.test"))
    assert evidence.text.startswith(text)
    assert evidence.warning == warning


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("sub.dq", "none (for subdomains) at _dmarc.dq.cases.test"),
        ("gone.dabsent", "none (for names that do not exist) at _dmarc.dabsent.cases.test"),
        ("mid.dr", "none at _dmarc.mid.dr.cases.test"),
        ("dtwo", "2 records at _dmarc.dtwo.cases.test: "),
        ("dtest", "quarantine (a test) at _dmarc.dtest"),
        ("dzero", "quarantine (a test) at _dmarc.dzero"),
        ("dnop", "none at _dmarc.dnop"),
        (
            "dcapital",
            "no p= but P in capitals, which receivers that read tags as RFC 6376 section 3.2 says ignore at _dmarc.dc",
        ),
        ("dnobreak", r"a record that receivers ignore at _dmarc.dnobreak.cases.test: v=DMARC1;\xa0p=reject"),
        ("dnobreak2", "a record that receivers ignore at _dmarc.dnobreak2"),
        ("dnobreak3", "no DMARC record at _dmarc.dnobreak3.cases.test"),
        ("dwrong", "a record that receivers ignore at _dmarc.dwrong"),
        ("dsub", "a record that receivers ignore at _dmarc.dsub"),
        ("dother", "no DMARC record at _dmarc.dother.cases.test, _dmarc.cases.test, _dmarc.test"),
    ],
)
def test_dmarc_fails(world: World, name: str, what: str) -> None:
    assert seen("dns.dmarc", world.domain(f"{name}.cases.test")).startswith(what)


def test_dmarc_parameters(case: Case) -> None:
    assert seen("dns.dmarc", case("dq"), min_policy="reject").startswith("quarantine at _dmarc.dq")
    assert seen("dns.dmarc", case("dr"), reports=True).startswith("no rua= at _dmarc.dr")


@pytest.mark.parametrize(
    ("label", "lost"),
    [
        (
            "dforeign",
            "no reports go to reports.example, which does not publish that it takes them (dforeign.cases.test._r",
        ),
        ("dpartly", "no reports go to reports.example, which does not publish that it takes them"),
        ("dbare", "receivers ignore dmarc@dbare.cases.test in rua=, which is not mailto: and an address"),
        ("dslashes", "receivers ignore mailto://dmarc@dslashes.cases.test in rua=, which is not mailto: and an addre"),
    ],
)
def test_dmarc_reports_that_get_lost(case: Case, label: str, lost: str) -> None:
    assert seen("dns.dmarc", case(label), reports=True).startswith(lost)
    assert judge("dns.dmarc", case(label)).warning.startswith(lost)


def test_dmarc_reports_that_arrive(case: Case) -> None:
    assert judge("dns.dmarc", case("dtaken"), reports=True).warning == ""


def test_dmarc_tags_in_capitals(case: Case) -> None:
    warning = "SP, RUA in capitals, which receivers that read tags as RFC 6376 section 3.2 says ignore"
    assert judge("dns.dmarc", case("dcapitals")).warning == warning


def test_dmarc_reports_to_what_may_be_the_same_organisation(case: Case) -> None:
    with pytest.raises(CouldNotVerify, match=r"sister\.cases\.test does not publish .* the same organisation"):
        judge("dns.dmarc", case("dkin"), reports=True)

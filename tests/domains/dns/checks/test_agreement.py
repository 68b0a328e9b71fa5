"""The same records of SPF and DMARC, seen by checkdmarc and by the checks."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import run

from pytest_readiness.core.evidence import ClaimFalse
from tests.domains.dns.dns_world import CASES, Case, World
from tests.judging import judge
from tests.stack.programs import reference

RECORDS = {label: "dns.spf" for label in CASES if label.startswith("spf")} | {
    label: "dns.dmarc" for label in CASES if "_dmarc " in CASES[label]
}

ACCEPTED = {
    "spfsoft": "literals of ABNF, v=spf1 among them, may be written in either case (RFC 5234 section 2.3)",
    "spften": "ptr asks for the names of the sender's address, which are not void by what the domain has",
    "ddigit": "a percentage that is no number is ignored, and the policy stands (RFC 7489 section 6.3)",
    "dbare": "receivers ignore an address for reports that is no URI, and keep to the policy; the check warns",
}
"""What checkdmarc refuses and the checks accept, with the reason."""

REFUSED = {
    "spfplus": "strangers may send",
    "spfbare": "strangers may send",
    "spfopen": "strangers may send",
    "spfworld": "strangers may send",
    "spfworld6": "strangers may send",
    "spfexists": "strangers may send",
    "spfhalves": "strangers may send",
    "spfhalf": "strangers may send",
    "spfinternet6": "strangers may send",
    "spfaround": "strangers may send",
    "spfaround6": "strangers may send",
    "spfexchangers6": "strangers may send",
    "spftwice": "strangers may send",
    "spfwide": "strangers may send",
    "spfbeside": "strangers may send",
    "spfwide6": "strangers may send",
    "spfnoall": "nothing is said of strangers",
    "spfinclude": "nothing is said of strangers",
    "spfvoids": "a lookup of A and AAAA that finds neither is void (RFC 7208 section 4.6.4)",
    "spfaddress": "an address is no domain; a warning there",
    "spflocal": "no domain; a warning there",
    "spflabel": "no domain; a warning there",
    "spfbehind": "what stands behind all must be right, too (RFC 7208 section 4.6)",
    "spfmacrobehind": "what stands behind all must be right, too (RFC 7208 section 4.6)",
    "spftab": "terms are apart by spaces (RFC 7208 section 4.6.1)",
    "spfline": "terms are apart by spaces (RFC 7208 section 4.6.1)",
    "spfnobreak": "terms are apart by spaces (RFC 7208 section 4.6.1)",
    "dnobreak": "no white space of the grammar, so that tag is unknown and there is no policy",
    "dcapital": "names of tags are read by case (RFC 6376 section 3.2), so there is no policy",
    "dtest": "a policy that is only tried out",
    "dzero": "a policy that is only tried out",
    "dnop": "no policy",
}
"""What the checks refuse and checkdmarc accepts, with the reason: the checks also judge the policy."""


def test_checkdmarc_agrees(world: World, case: Case) -> None:
    host, port = world.plain.place.rsplit(":", 1)
    domains = [f"{label}.cases.test" for label in RECORDS]
    command = [str(reference("checkdmarc")), str(Path(__file__).with_name("references.py")), host, port, *domains]
    told = run(command, capture_output=True, check=True, timeout=600)
    theirs = json.loads(told.stdout)

    accepted, refused = set(), set()
    for label, id in RECORDS.items():
        error = theirs[f"{label}.cases.test"][id]
        if error and _holds(id, case, label):
            accepted.add(label)
        elif not error and not _holds(id, case, label):
            refused.add(label)
    assert accepted == ACCEPTED.keys()
    assert refused == REFUSED.keys()


def _holds(id: str, case: Case, label: str) -> bool:
    try:
        judge(id, case(label))
    except ClaimFalse:
        return False
    return True

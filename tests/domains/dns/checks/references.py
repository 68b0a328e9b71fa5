"""Run by the environment of references: what checkdmarc says of the records of domains, as JSON on standard output."""

from __future__ import annotations

import json
import sys

import checkdmarc.dmarc
import checkdmarc.spf
from dns.resolver import Resolver


def main(host: str, port: str, *domains: str) -> None:
    """Write for each domain what is wrong with its SPF and its DMARC record, "" where nothing is."""
    resolver = Resolver(configure=False)
    resolver.nameservers = [host]
    resolver.port = int(port)
    found = {}
    for domain in domains:
        judged = {
            "dns.spf": checkdmarc.spf.check_spf(domain, resolver=resolver, timeout=60),
            "dns.dmarc": checkdmarc.dmarc.check_dmarc(domain, resolver=resolver, timeout=60),
        }
        found[domain] = {id: "" if each["valid"] else str(each["error"]) for id, each in judged.items()}
    json.dump(found, sys.stdout)


main(*sys.argv[1:])

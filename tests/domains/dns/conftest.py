from __future__ import annotations

from tests.domains.dns.dns_world import case, registered, registry_app, world

__all__ = ["case", "registered", "registry_app", "world"]

from __future__ import annotations

from tests.domains.tls.tls_scans import good

__all__ = ["good"]

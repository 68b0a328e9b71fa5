from __future__ import annotations

from tests.domains.http.http_shop import served_shop, shop

__all__ = ["served_shop", "shop"]

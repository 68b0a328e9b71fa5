"""Claims for which there is no check yet; bindings name them as `missing`."""

from __future__ import annotations

from collections.abc import Mapping

COMING: Mapping[str, str] = {
    "redis.persistence": "Redis writes its data to disk, and the last write succeeded",
}
"""What each will prove, as a clause."""

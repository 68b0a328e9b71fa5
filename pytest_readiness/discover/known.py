"""What images and ports are, by the names that they have everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

ENGINES = {
    **dict.fromkeys(("postgres", "postgresql", "postgis", "timescaledb", "timescaledb-ha", "pgvector"), "postgres"),
    **dict.fromkeys(("mysql", "mysql-server", "mariadb", "percona", "percona-server"), "mysql"),
    **dict.fromkeys(("redis", "valkey", "redis-stack", "redis-stack-server", "keydb", "dragonfly"), "redis"),
    **dict.fromkeys(("mongo", "mongodb", "mongodb-community-server", "percona-server-mongodb"), "mongodb"),
}
"""The engine of a database, by the last word of its image."""
CATCHERS = {"mailpit": ("mailpit+http", 8025), "mailhog": ("mailhog+http", 8025)}
"""Mail catchers: how readiness.yaml names one, and the port of its web service."""
OTHERS = {
    **dict.fromkeys(("rabbitmq", "kafka", "cp-kafka", "redpanda", "nats", "activemq", "zookeeper"), "queue"),
    **dict.fromkeys(("memcached",), "cache"),
    **dict.fromkeys(("elasticsearch", "opensearch", "meilisearch", "typesense", "solr"), "search engine"),
    **dict.fromkeys(("minio", "localstack", "seaweedfs", "azurite"), "object store"),
    **dict.fromkeys(("prometheus", "victoria-metrics", "alertmanager", "thanos"), "monitoring"),
    **dict.fromkeys(("grafana", "kibana", "opensearch-dashboards"), "dashboards"),
    **dict.fromkeys(("loki", "promtail", "fluentd", "fluent-bit", "logstash", "vector"), "log store"),
    **dict.fromkeys(("vault", "keycloak"), "identity or secrets"),
}
"""Services of which no kind of resource exists so far, by the last word of their image."""
PROXIES = frozenset(("nginx", "nginx-unprivileged", "traefik", "caddy", "haproxy", "envoy", "httpd", "openresty"))
"""What passes requests on to other services, by the last word of its image."""
USUAL_PORTS = {"postgres": 5432, "mysql": 3306, "redis": 6379, "mongodb": 27017}
_NOT_HTTP = {21, 22, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1025, 1433, 1521, 1883, 2181, 2525, 3306, 4222}
_NOT_HTTP |= {5432, 5433, 5671, 5672, 6379, 6380, 6432, 8883, 9042, 9092, 9093, 11211, 26379, 27017, 27018, 33060}
_PLAIN, _SECURE = 80, 443
_HTTPS = {_SECURE, 4443, 8443, 9443}
_PATH = r"/[\w./~-]{1,100}"
_PROBED = re.compile(rf"https?://[^\s\"'/:]+(?::(?P<port>\d{{1,5}}))?(?P<path>{_PATH})")
_LONGEST_SEGMENT = 30


def place_of(url: str) -> str:
    """What an address is told by, however it writes a port that is its scheme's usual one."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return f"url:{url}"
    return f"url:{parts.scheme}://{parts.hostname}:{port}{parts.path.rstrip('/')}"


def product_of(image: str) -> str:
    """The last word of an image's reference, without registry, tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()


def speaks_http(port: int) -> bool:
    """Whether HTTP may be spoken on a port of a container."""
    return port not in _NOT_HTTP


def web_addresses(published: Mapping[int, str]) -> dict[int, dict[str, str]]:
    """The fields of a url for each port of a container on which HTTP may be spoken.

    The plain port 80 beside 443 is no site of its own, but the one that must redirect to it.

    Args:
        published: host and port at which this machine has each port of the container.
    """
    found = {
        port: {"url": f"{'https' if port in _HTTPS else 'http'}://{at}"}
        for port, at in published.items()
        if speaks_http(port)
    }
    if _PLAIN in found and _SECURE in found:
        found[_SECURE]["plain_http"] = found.pop(_PLAIN)["url"]
    return found


def probed(command: str) -> tuple[int, str] | None:
    """The port and the path that the command of a health check asks for; None where it asks for none over HTTP."""
    match = _PROBED.search(command)
    if match is None or not is_path(match["path"]):
        return None
    secure = match[0].startswith("https")
    return int(match["port"] or (443 if secure else 80)), match["path"]


def is_path(text: object) -> bool:
    """Whether a text is a path of a probe, other than the root, with no part that may be a token."""
    if not isinstance(text, str) or not re.fullmatch(_PATH, text):
        return False
    return all(len(part) <= _LONGEST_SEGMENT for part in text.split("/"))


def probe_field(path: str) -> str:
    """The field of a url that such a path belongs in."""
    return "readiness" if "ready" in path else "liveness" if "live" in path else "health"

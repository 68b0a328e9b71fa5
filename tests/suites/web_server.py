"""The web server's configuration in the suites' world."""

from __future__ import annotations

from pathlib import Path

from tests.stack.certs import Certificate
from tests.suites.plan import Plan

OWN_FILES = ("/robots.txt", "/.well-known/security.txt", "/maintenance.html", "/unavailable.html")


def configuration(
    plan: Plan, address: str, certificate: Certificate, staple: Path | None, root: Path, application: int, sockets: int
) -> str:
    """The server blocks and what they need.

    Args:
        address: that it listens on, at ports 80 and 443.
        staple: OCSP response to send along.
        root: folder of the files that it serves itself.
        application, sockets: ports that it hands requests on to.
    """
    parts = plan.nginx
    names = "shop.example.com api.example.com admin.example.com"
    headers = "".join(f'add_header {name} "{value}" always;\n' for name, value in plan.headers.items())
    tls = "".join(f"{name} {value};\n" for name, value in plan.tls.items())
    tls += f"ssl_certificate {certificate.chain};\nssl_certificate_key {certificate.key};\n"
    if staple:
        tls += f"ssl_stapling on;\nssl_stapling_file {staple};\n"
    zones = limited = ""
    for number, (path, limit) in enumerate(plan.limits.items()):
        zones += f"limit_req_zone $binary_remote_addr zone=limit{number}:1m rate=60r/m;\n"
        limited += f"""
            location = {path} {{
                limit_req zone=limit{number} burst={limit - 1} nodelay;
                proxy_pass http://127.0.0.1:{application};
            }}"""
    files = "".join(f"location = {path} {{ root {root}; }}\n" for path in OWN_FILES)
    types = "text/html html; text/css css; text/javascript js; image/webp webp; text/vtt vtt; text/plain txt;"
    return f"""
        types {{ {types} }}
        {parts["gzip"]}
        {zones}
        limit_req_status 429;
        client_max_body_size 3m;
        proxy_set_header Host $host;
        proxy_read_timeout 60s;
        server {{
            listen {address}:80 default_server;
            listen {address}:443 ssl default_server;
            {tls}
            {parts["foreign"]}
        }}
        server {{
            listen {address}:80;
            server_name {names};
            {parts["redirect"]}
        }}
        server {{
            listen {address}:443 ssl;
            server_name {names};
            {tls}
            {headers}
            error_page 429 @limited;
            error_page 502 503 504 /unavailable.html;
            location @limited {{
                {headers}
                add_header Retry-After 5 always;
                default_type application/json;
                return 429 '{{"error": {{"code": 429, "message": "Too many requests."}}}}';
            }}
            {limited}
            location /assets/ {{ root {root}; {parts["assets"]} }}
            {files}
            location = /updates {{
                proxy_pass http://127.0.0.1:{sockets};
                {parts["websocket"]}
            }}
            location / {{ proxy_pass http://127.0.0.1:{application}; }}
            {parts["more"]}
        }}
        """

"""Documents of applications that tests visit through the door."""

import sys
from pathlib import Path

APP = Path(__file__).parent / "fixtures" / "visited.py"


def document(
    mode: str = "host",
    *,
    access: str = "[]",
    version: str = "1",
    replicas: int = 1,
    update: str = "rolling",
    extra: str = "",
) -> str:
    """The application that tells what came to it, with one route."""
    return f"""
name: visited
version: 1.0.0
components:
  web:
    type: service
    command: [{sys.executable}, {APP}]
    env: {{MODE: {mode}, VERSION: "{version}"}}
    tcp_ports: {{http: auto}}
    health: {{http: "/healthz", interval_s: 0.5}}
    replicas: {replicas}
    update: {update}
    {extra}
routes:
  - {{component: web, tcp_port: http, mode: {mode}, access: {access}}}
"""

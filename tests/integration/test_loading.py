"""What a server loads before it answers: nothing that only some of its users need."""

import subprocess
import sys

LATE = (
    "alembic",
    "asyncpg",
    "asyncssh",
    "authlib",
    "babel",
    "cryptography",
    "h11",
    "httpx",
    "jinja2",
    "jsonschema",
    "markdown_it",
    "prometheus_client",
    "psutil",
    "websockets",
)


def test_what_few_need_is_not_loaded_at_the_start() -> None:
    script = "import sys, ripieno.bootstrap; print(*sorted(sys.modules))"
    run = [sys.executable, "-c", script]
    loaded = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()
    assert "fastapi" in loaded
    assert [each for each in LATE if each in loaded] == []

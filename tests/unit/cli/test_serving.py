"""What `ripieno serve` refuses before it starts anything."""

from pathlib import Path
from typing import Any

import pytest

from ripieno.__main__ import serve
from ripieno.cli.exits import CommandError, ExitCode

TLS = {"tls_certificate": Path("c.pem"), "tls_key": Path("k.pem")}

ACME = {"acme_email": "ops@example.org", "domain": "example.org"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"door_port": 1, "prefix_port": 1}, "give different ports"),
        ({"plain_port": 8643, **TLS}, "give different ports"),
        ({"plain_port": 80}, "there is no https to lead to"),
        ({"tls_key": Path("k.pem")}, "give both, or none"),
        ({"acme_email": "ops@example.org", **TLS}, "give one of them"),
        ({"acme_challenge": "dns:"}, "write tls, http, or dns:PROVIDER"),
        ({"acme_challenge": "http"}, "give --acme-email too"),
        ({"acme_server": "https://ca.example.org"}, "give --acme-email too"),
        ({"acme_email": "ops", "domain": "example.org"}, "an address of e-mail"),
        ({"acme_email": "ops@example.org"}, "nobody signs certificates for localhost"),
        ({**ACME, "acme_server": "ca.example.org"}, "write https://HOST/PATH"),
        ({"external_door": "traefik:8645"}, "write http://HOST:PORT"),
        ({"domain": "Apps.example.org"}, "in lower case"),
        ({"idle_stop": "soon"}, "is no amount of time"),
        ({"most_lifetime": "0h"}, "give more than nothing"),
        (
            {"public_url": "https://lab.example.org", "domain": "lab.example.org"},
            "give --domain another name, such as apps.lab.example.org",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused_with_the_remedy(
    options: dict[str, Any], told: str
) -> None:
    with pytest.raises(CommandError, match=told) as refused:
        serve(**options)
    assert refused.value.exit_code is ExitCode.USAGE

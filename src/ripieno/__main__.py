"""The `ripieno` command as it is installed: that of `cli`, and `ripieno serve`.

`serve` is here because it needs the composition root, which is above `cli`.
"""

import gc
import logging
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from ripieno import settings
from ripieno.cli import catalogue, main, moments
from ripieno.cli.exits import usage
from ripieno.model.stay import HOUR_S, MINUTE_S, Terms
from ripieno.settings import AcmeSettings, DoorSettings, ServerSettings

SERVE = catalogue.Entry(
    name="serve",
    summary="Run the server.",
    panel=catalogue.SERVER,
    module="ripieno.__main__",
    attribute="serve",
)
ENTRIES = (
    *(each for each in catalogue.ENTRIES if each.panel != catalogue.SERVER),
    SERVE,
    *(each for each in catalogue.ENTRIES if each.panel == catalogue.SERVER),
)


_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")

_PORT: dict[str, Any] = {"min": 1, "max": 65535}


class LogLevel(StrEnum):
    """How much the server says of itself."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def serve(
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help=f"Where its state is kept; by default {settings.HOME}, or the user's own folder "
            "for such things.",
            show_default=False,
        ),
    ] = None,
    listen: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="Where it is reached; port 0: any that is free."),
    ] = f"{settings.LISTEN_HOST}:{settings.LISTEN_PORT}",
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="sqlite:///PATH or postgresql://USER@HOST/NAME; by default a file in its folder.",
            show_default=False,
        ),
    ] = None,
    actions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE",
            help="A Python module whose actions component types may call; may be repeated.",
            show_default=False,
        ),
    ] = None,
    ports: Annotated[
        str,
        typer.Option(metavar="FIRST-LAST", help="The ports that components may be given."),
    ] = f"{settings.TCP_PORTS[0]}-{settings.TCP_PORTS[1]}",
    public_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where people reach it, if a proxy is before it: https://ripieno.example.org",
            show_default=False,
        ),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="A proxy whose X-Forwarded-For and -Proto are believed; may be repeated.",
            show_default=False,
        ),
    ] = None,
    oidc: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A TOML file about the OpenID Connect provider that people sign in with.",
            show_default=False,
        ),
    ] = None,
    door_port: Annotated[
        int, typer.Option(metavar="PORT", help="Where routes by host are reached.", **_PORT)
    ] = settings.HOST_PORT,
    prefix_port: Annotated[
        int, typer.Option(metavar="PORT", help="Where routes by prefix are reached.", **_PORT)
    ] = settings.PREFIX_PORT,
    domain: Annotated[
        str,
        typer.Option(metavar="NAME", help="What the hosts of routes end with: ROUTE.NAME"),
    ] = settings.DOMAIN,
    allow_registry: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST[:PORT]",
            help="Read images of this registry though it is not on the public Internet, over "
            "plain http if need be; may be repeated.",
            show_default=False,
        ),
    ] = None,
    no_door: Annotated[
        bool, typer.Option("--no-door", help="Open no routes; end the door that was left open.")
    ] = False,
    external_door: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The inner entry point of a Traefik of your own, in place of the server's.",
            show_default=False,
        ),
    ] = None,
    tls_certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A certificate for the door.", show_default=False),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its key.", show_default=False)
    ] = None,
    plain_port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            help="Where the door sends who comes over plain http on to https.",
            show_default=False,
            **_PORT,
        ),
    ] = None,
    acme_email: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Fetch certificates for the door by ACME, for whoever has this address.",
            show_default=False,
        ),
    ] = None,
    acme_challenge: Annotated[
        str,
        typer.Option(metavar="KIND", help="How the domain is proved: tls, http or dns:PROVIDER"),
    ] = "tls",
    acme_server: Annotated[
        str,
        typer.Option(metavar="URL", help="Who signs, if not the usual one.", show_default=False),
    ] = "",
    idle_stop: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Stop deployments that nobody has visited for so long (30m, 2h), where their "
            "routes say nothing of it.",
            show_default=False,
        ),
    ] = None,
    most_idle_stop: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Let no route say more than this.", show_default=False),
    ] = None,
    lifetime: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Stop deployments so long after their start (8h, 7d), where their routes say "
            "nothing of it.",
            show_default=False,
        ),
    ] = None,
    most_lifetime: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Let no route say more than this, and nobody extend a life further ahead.",
            show_default=False,
        ),
    ] = None,
    log_level: Annotated[LogLevel, typer.Option(help="How much it says.")] = LogLevel.INFO,
) -> None:
    """Run the server until SIGTERM or Ctrl-C. What it has deployed goes on without it.

    The first start makes `admin.token` in its folder, by which the commands of the same user find
    their way in. Whoever listens on another address than that of this machine should put a proxy
    with TLS before it: tokens are sent with every request.

    Example: ripieno serve --home ./state --listen 127.0.0.1:8642
    """
    folder = home.absolute() if home is not None else settings.home()
    host, port = _address(listen)
    chosen = ServerSettings(
        home=folder,
        listen_host=host,
        listen_port=port,
        database_url=database or settings.database_url(folder),
        actions=tuple(actions or ()),
        tcp_ports=_range(ports),
        log_level=log_level.value,
        public_url=_public(public_url),
        trusted_proxies=tuple(trusted_proxy or ()),
        oidc=oidc,
        allowed_registries=tuple(allow_registry or ()),
        terms=_terms((idle_stop, most_idle_stop), (lifetime, most_lifetime)),
        door=None
        if no_door
        else _door(
            domain=domain,
            ports=(door_port, prefix_port),
            plain_port=plain_port,
            external=external_door,
            certificate=(tls_certificate, tls_key),
            acme=(acme_email, acme_challenge, acme_server),
        ),
    )
    public = urlsplit(chosen.public_url or "").hostname
    if chosen.door is not None and public == chosen.door.domain:
        raise usage(
            f"--public-url has the host {public}, which is that of applications by prefix: they "
            f"would share its cookies; give --domain another name, such as apps.{public}"
        )
    _log(log_level)
    with catalogue.loading():
        from ripieno import bootstrap  # The whole server: no other command should wait for it.

    bootstrap.serve(chosen)


def run() -> None:
    """Run the command line; the entry point of the installed script."""
    gc.disable()  # Until the command is loaded, see `catalogue.loading`.
    main.run(ENTRIES)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise usage(f"--listen {text}: write HOST:PORT, such as 127.0.0.1:8642 or [::1]:8642")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _public(text: str | None) -> str | None:
    if text is None:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise usage(f"--public-url {text}: write https://HOST or https://HOST:PORT, without a path")
    return f"{parts.scheme}://{parts.netloc}"


def _door(
    *,
    domain: str,
    ports: tuple[int, int],
    plain_port: int | None,
    external: str | None,
    certificate: tuple[Path | None, Path | None],
    acme: tuple[str | None, str, str],
) -> DoorSettings:
    if len(domain) > 190 or not _DOMAIN.fullmatch(domain):
        raise usage(f"--domain {domain}: write a name such as apps.example.org, in lower case")
    if len({*ports, plain_port}) < 3:
        raise usage("--door-port, --prefix-port and --plain-port: give different ports")
    if external is not None and urlsplit(external).scheme not in ("http", "https"):
        raise usage(f"--external-door {external}: write http://HOST:PORT")
    if (certificate[0] is None) != (certificate[1] is None):
        raise usage("--tls-certificate and --tls-key: give both, or none")
    email, challenge, server = acme
    if email is not None and certificate[0] is not None:
        raise usage("--tls-certificate and --acme-email: give one of them")
    if challenge not in ("tls", "http") and not re.fullmatch("dns:[a-z0-9]+", challenge):
        raise usage(f"--acme-challenge {challenge}: write tls, http, or dns:PROVIDER")
    if email is None and (challenge != "tls" or server):
        raise usage("--acme-challenge and --acme-server: give --acme-email too")
    if email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise usage(f"--acme-email {email}: write an address of e-mail")
    if email is not None and (domain == "localhost" or domain.endswith(".localhost")):
        raise usage(
            f"--acme-email: nobody signs certificates for {domain}; give --domain a name that "
            "others can reach, such as apps.example.org"
        )
    if server and urlsplit(server).scheme != "https":
        raise usage(f"--acme-server {server}: write https://HOST/PATH of its directory")
    if plain_port is not None and email is None and certificate[0] is None:
        raise usage(
            "--plain-port: there is no https to lead to; give --tls-certificate or --acme-email"
        )
    files = None
    if certificate[0] is not None and certificate[1] is not None:
        files = certificate[0], certificate[1]
    return DoorSettings(
        domain=domain,
        host_port=ports[0],
        prefix_port=ports[1],
        external=external,
        certificate=files,
        plain_port=plain_port,
        acme=None
        if email is None
        else AcmeSettings(email=email, challenge=challenge, server=server),
    )


def _terms(idle: tuple[str | None, str | None], life: tuple[str | None, str | None]) -> Terms:
    def amount(text: str | None, unit_s: float) -> float | None:
        found = None if text is None else moments.seconds(text) / unit_s
        if found == 0:
            raise usage(f"{text!r}: give more than nothing, or leave the option out")
        return found

    return Terms(
        idle_stop_min=amount(idle[0], MINUTE_S),
        most_idle_stop_min=amount(idle[1], MINUTE_S),
        lifetime_h=amount(life[0], HOUR_S),
        most_lifetime_h=amount(life[1], HOUR_S),
    )


def _range(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not dash or not first.isdecimal() or not last.isdecimal():
        raise usage(f"--ports {text}: write FIRST-LAST, such as 20000-29999")
    if not 1 <= int(first) <= int(last) <= 65535:
        raise usage(f"--ports {text}: give ports from 1 to 65535, the smaller one first")
    return int(first), int(last)


class _WithFields(logging.Formatter):
    """A line with the fields that the message was given."""

    _KNOWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = super().format(record)
        fields = [
            f"{name}={value}" for name, value in record.__dict__.items() if name not in self._KNOWN
        ]
        head, newline, story = line.partition("\n")
        return " ".join([head, *fields]) + newline + story


def _log(level: LogLevel) -> None:
    """Have our own messages on the standard error, and of libraries what is a warning."""
    handler = logging.StreamHandler()
    handler.setFormatter(_WithFields("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("ripieno").setLevel(level.upper())


if __name__ == "__main__":
    run()

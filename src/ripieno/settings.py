"""Where a server keeps its state, and how a client finds the server.

Called by the command line and by the composition root. A server's state directory has, besides its
database, two files that lead a client of the same user to it: `server.json` while it runs, and
`admin.token`, which only its owner can read. What the administrator first signs in with is in
`admin.password`, likewise.
"""

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from ripieno.model.errors import RipienoError
from ripieno.model.stay import Terms

HOME = "RIPIENO_HOME"
URL = "RIPIENO_URL"
TOKEN = "RIPIENO_TOKEN"
"""Variables of the environment."""

SERVER_FILE = "server.json"
TOKEN_FILE = "admin.token"
PASSWORD_FILE = "admin.password"

LISTEN_HOST = "127.0.0.1"
LISTEN_PORT = 8642
DOMAIN = "localhost"
HOST_PORT, PREFIX_PORT = 8643, 8644
"""Where the door listens for routes by host and for routes by prefix."""

TCP_PORTS = (20_000, 29_999)
"""Which ports are given to components that leave theirs open."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


class SettingsError(RipienoError):
    """What says where the server is, or who asks, makes no sense."""


class NoServer(SettingsError):
    """Nothing says where a server is."""


class NoToken(SettingsError):
    """There is no token to be let in with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AcmeSettings:
    """Certificates that are fetched: for whom, from whom, and how the domain is proved.

    `challenge` is `tls`, `http` or `dns:PROVIDER`; `server` "" is the usual one.
    """

    email: str
    challenge: str = "tls"
    server: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DoorSettings:
    """How applications are reached.

    `external` is the inner entry point of a Traefik that somebody else runs; None: the server
    runs one. `certificate` are the files of a certificate and its key. `plain_port` is where plain
    http is sent on to https.
    """

    domain: str = DOMAIN
    host_port: int = HOST_PORT
    prefix_port: int = PREFIX_PORT
    external: str | None = None
    certificate: tuple[Path, Path] | None = None
    acme: AcmeSettings | None = None
    plain_port: int | None = None

    @property
    def is_tls(self) -> bool:
        """Whether browsers come over https."""
        return self.certificate is not None or self.acme is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """What a server is started with.

    `actions` names Python modules whose actions are registered; `tcp_ports` is the first and the
    last port that components may be given; `listen_port` 0 is any free one. `public_url` is where
    people reach it, `trusted_proxies` the addresses of those who may say whom they ask for, `oidc`
    the file about the provider of identities. Without `door` no routes are opened.
    `allowed_registries` (`HOST[:PORT]`) may be anywhere, and speak plain http. `terms` say how long
    deployments with routes may be unused, and may live.
    """

    home: Path
    listen_host: str = LISTEN_HOST
    listen_port: int = LISTEN_PORT
    database_url: str
    actions: tuple[str, ...] = ()
    tcp_ports: tuple[int, int] = TCP_PORTS
    log_level: str = "info"
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    oidc: Path | None = None
    door: DoorSettings | None = None
    allowed_registries: tuple[str, ...] = ()
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientSettings:
    """A server, and the token that lets in."""

    url: str
    token: str


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """The state directory: `RIPIENO_HOME`, or the user's own folder for such things."""
    given = environment.get(HOME)
    if given:
        return Path(given).absolute()
    return platformdirs.user_state_path("ripieno")


def database_url(home: Path) -> str:
    """The database that a server has if it is not given another."""
    return f"sqlite:///{home / 'ripieno.db'}"


def find(environment: Mapping[str, str] = os.environ) -> ClientSettings:
    """The server that is meant: `RIPIENO_URL`, or the one whose state directory is here.

    The token is `RIPIENO_TOKEN`, or that of the state directory, which is shown to no server but
    the one that it belongs to. Raises: `NoServer`, `NoToken`, `SettingsError`.
    """
    folder = home(environment)
    given = environment.get(URL)
    url = _checked_url(given) if given else running(folder)
    token = environment.get(TOKEN)
    if token:
        return ClientSettings(url=url, token=_checked_token(token.strip(), TOKEN))
    if given and url != _running(folder):
        raise NoToken(f"{URL} is {url}, and {TOKEN} is not set; set it to a token of that server")
    return ClientSettings(url=url, token=_kept_token(folder))


def running(folder: Path) -> str:
    """The address of the server whose state directory this is. Raises: `NoServer`."""
    url = _running(folder)
    if url is None:
        raise NoServer(
            f"no server runs on {folder}; start one with: ripieno serve (or set {URL} and {TOKEN} "
            f"for one elsewhere, {HOME} for another folder)"
        )
    return url


def _running(folder: Path) -> str | None:
    """The address in `server.json`, if the process that wrote it is there."""
    try:
        written = json.loads((folder / SERVER_FILE).read_text(encoding="utf-8"))
        url, pid = str(written["url"]), int(written["pid"])
        os.kill(pid, 0)
    except PermissionError:  # It is there, and is somebody else's.
        return None
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return _checked_url(url)


def _kept_token(folder: Path) -> str:
    path = folder / TOKEN_FILE
    try:
        mode = path.stat().st_mode
        written = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as problem:
        raise NoToken(f"{path} cannot be read ({problem}); set {TOKEN} to a token") from problem
    if stat.S_IMODE(mode) & 0o077:
        raise NoToken(f"{path} can be read by others; make it yours alone with: chmod 600 {path}")
    return _checked_token(written, str(path))


def _checked_url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise SettingsError(
            f"{URL} is {text!r}, and should be an address such as http://127.0.0.1:{LISTEN_PORT}"
        )
    return text.rstrip("/")


def _checked_token(text: str, where: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise NoToken(f"what {where} holds is not a token; make one with: ripieno token create")
    return text

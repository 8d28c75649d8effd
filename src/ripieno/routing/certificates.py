"""The certificate that a Traefik of the server's own shows.

Certificate and key are in one file, which is replaced at once and only by a pair that belongs
together: Traefik reads it whenever routes change, also in the middle of somebody's renewal. Where
none was given there is a makeshift: without one Traefik makes a key of its own at every change of
routes, for which everybody would wait.
"""

import asyncio
import datetime
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from ripieno.routing.errors import InvalidDoor, RoutingError
from ripieno.routing.publishing import write

LOG = logging.getLogger(__name__)

LOOK_S = 2.0
"""How often the given files are looked at."""

_MAKESHIFT = datetime.timedelta(days=36500)

Seen = tuple[tuple[int, int, int], ...]


class Certificate:
    """What was given (certificate, key), or a makeshift; `path` is what Traefik reads."""

    def __init__(self, folder: Path, given: tuple[Path, Path] | None) -> None:
        """Raises: `InvalidDoor` if the files cannot be used."""
        self._given = given
        self._seen: Seen = ()
        if given is None:
            self.path = folder / "makeshift.pem"
            if not self.path.exists():
                write(self.path, _makeshift())
        else:
            self.path = folder / "certificate.pem"
            self._take(given)

    async def follow(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Tell whenever the given files hold another certificate, until cancelled."""
        given = self._given
        if given is None:
            return
        told = ""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                if await asyncio.to_thread(self._take, given):
                    await changed()
                    LOG.info("certificate taken", extra={"path": str(given[0])})
                told = ""
            except RoutingError as problem:
                if told != str(problem):
                    told = str(problem)
                    LOG.warning("certificate not taken, the last one stays", extra={"why": told})
                if not isinstance(problem, InvalidDoor):
                    self._seen = ()  # It is good, and was not told.

    def _take(self, given: tuple[Path, Path]) -> bool:
        """Have `path` hold what the files hold; whether they have changed since the last look."""
        certificate, key = given
        try:
            seen = tuple(_identity(each) for each in given)
            if seen == self._seen:
                return False
            self._seen = seen
            trial = self.path.with_suffix(".trial")
            write(trial, f"{certificate.read_text()}\n{key.read_text()}")
        except (OSError, UnicodeDecodeError) as problem:
            raise InvalidDoor(
                f"{certificate} and {key} cannot be read ({problem}); give --tls-certificate and "
                "--tls-key files in PEM"
            ) from problem
        try:
            # A password is given, so that nobody is asked for one.
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(trial, password="")
        except ssl.SSLError as problem:
            trial.unlink()
            raise InvalidDoor(
                f"{certificate} and {key} are no certificate and its key ({problem}); give files "
                "in PEM, the key without a password"
            ) from problem
        trial.replace(self.path)
        return True


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino, status.st_size


def _makeshift() -> str:
    """A certificate that nobody is to trust, and its key."""
    from cryptography import x509  # Loaded at a first start only.
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "makeshift of Ripieno")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + _MAKESHIFT)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kept = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (certificate.public_bytes(pem) + kept).decode()

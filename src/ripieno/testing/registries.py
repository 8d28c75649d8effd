"""A real OCI registry on a free loopback port, and images that are pushed to it by hand. For tests.

`with DockerRegistry() as registry: push(registry.url, "neuro/viewer", "1.0", {"Labels": …})`. With
`tokens` nobody is let in without a token of that server, which gives everybody one that lets read
what it is told to. `Unavailable` says what is missing.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import secrets
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ripieno.testing.ports import free_port

START_S = 60.0
PROGRAM = "docker-registry"
SERVICE = "registry.test"
ISSUER = "tokens.test"

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
_PLATFORM = ("os", "architecture", "variant")

_CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}, maintenance: {{uploadpurging: {{enabled: false}}}}}}
http: {{addr: "{address}:{port}"}}
"""  # noqa: E501  # as the registry reads it
_AUTH = """\
auth:
  token: {{realm: "{realm}", service: {service}, issuer: {issuer}, rootcertbundle: "{bundle}"}}
"""


class Unavailable(Exception):
    """This machine has no registry to start."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a stub was asked it; `query` has the first value of each name."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a stub answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()


class StubServer:
    """An HTTP server that answers what a function says, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self.asked: list[Request] = []
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Answer one request."""
                url = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(url.query).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(url.path, query, headers)
                stub.asked.append(request)
                reply = answer(request)
                with contextlib.suppress(OSError):  # who asked may have had enough
                    self.send_response(reply.status)
                    for name, value in dict(reply.headers).items():
                        self.send_header(name, value)
                    if not {"Content-Length", "Transfer-Encoding"} & dict(reply.headers).keys():
                        self.send_header("Content-Length", str(len(reply.body)))
                    self.end_headers()
                    self.wfile.write(reply.body)

            def log_message(self, *words: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        """Where it listens on this machine."""
        return int(self.server.server_address[1])

    @property
    def host(self) -> str:
        """Its address, as in the name of an image."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(START_S)


class TokenServer(StubServer):
    """Gives anybody a token that lets read the repositories in `readable`."""

    def __init__(self, readable: Sequence[str] = ()) -> None:
        self.readable = set(readable)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = _certificate(self._key)
        super().__init__(self._answer)

    @property
    def realm(self) -> str:
        """Where tokens are to be had."""
        return f"http://{self.host}/token"

    def token(self, repository: str, *actions: str) -> str:
        """A token that lets do this."""
        now = int(time.time())
        chain = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        header = {"typ": "JWT", "alg": "ES256", "x5c": [chain]}
        access = [{"type": "repository", "name": repository, "actions": list(actions)}]
        claims = {
            "iss": ISSUER,
            "sub": "",
            "aud": SERVICE,
            "exp": now + 600,
            "nbf": now - 60,
            "iat": now - 60,
            "jti": secrets.token_hex(8),
            "access": access if actions else [],
        }
        signed = ".".join(_encoded(json.dumps(each).encode()) for each in (header, claims))
        first, second = decode_dss_signature(
            self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
        )
        return f"{signed}.{_encoded(first.to_bytes(32, 'big') + second.to_bytes(32, 'big'))}"

    def _answer(self, request: Request) -> Reply:
        repository = request.query.get("scope", "::").split(":")[1]
        actions = ("pull",) if repository in self.readable else ()
        body = json.dumps({"token": self.token(repository, *actions)}).encode()
        return Reply(body=body, headers={"Content-Type": "application/json"})


class DockerRegistry:
    """The registry of the distribution project; leaving the block ends it and its images."""

    def __init__(self, tokens: TokenServer | None = None, *, address: str = "127.0.0.1") -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise Unavailable(f"needs the program {PROGRAM}: apt-get install docker-registry")
        self._folder = Path(tempfile.mkdtemp(prefix="ripieno-registry-"))
        self._address, self.port = address, free_port()
        config = _CONFIG.format(folder=self._folder, address=address, port=self.port)
        if tokens is not None:
            bundle = self._folder / "roots.pem"
            bundle.write_bytes(tokens.certificate.public_bytes(serialization.Encoding.PEM))
            config += _AUTH.format(
                realm=tokens.realm, service=SERVICE, issuer=ISSUER, bundle=bundle
            )
        (self._folder / "config.yml").write_text(config, encoding="utf-8")
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [program, "serve", str(self._folder / "config.yml")],
            stdout=self._log,
            stderr=self._log,
        )

    @property
    def host(self) -> str:
        """Its address, as in the name of an image."""
        return f"{self._address}:{self.port}"

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}"

    def __enter__(self) -> Self:
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{self.url}/v2/", trust_env=False)
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self._folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.02)

    def _end(self) -> None:
        self._process.kill()
        self._process.wait(START_S)
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Pushed(dict[str, Any]):
    """The descriptor of something that was pushed."""

    @property
    def digest(self) -> str:
        """Its digest."""
        return str(self["digest"])


class Pusher:
    """Puts images into one repository of a registry."""

    def __init__(self, url: str, repository: str, *, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=f"{url}/v2/{repository}", headers=headers, trust_env=False, timeout=START_S
        )

    def image(
        self,
        config: Mapping[str, Any],
        *,
        tag: str | None = None,
        platform: str = "linux/amd64",
        annotations: Mapping[str, str] | None = None,
    ) -> Pushed:
        """An image without layers whose configuration (`Labels`, `Env`, …) is this."""
        system, architecture = platform.split("/")[:2]
        record = {"os": system, "architecture": architecture, "config": dict(config)}
        described = self.blob(json.dumps(record).encode(), CONFIG)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described,
            "layers": [],
            "annotations": dict(annotations or {}),
        }
        found = self.manifest(manifest, MANIFEST, tag)
        found["platform"] = dict(zip(_PLATFORM, platform.split("/"), strict=False))
        return found

    def index(
        self,
        manifests: Sequence[Mapping[str, Any]],
        *,
        tag: str | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Pushed:
        """An index of what was pushed before."""
        document = {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [dict(each) for each in manifests],
            "annotations": dict(annotations or {}),
        }
        return self.manifest(document, INDEX, tag)

    def blob(self, content: bytes, media_type: str) -> Pushed:
        """Any content."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        began = self._http.post("/blobs/uploads/").raise_for_status()
        where = httpx.URL(began.headers["location"]).copy_merge_params({"digest": digest})
        self._http.put(
            where, content=content, headers={"Content-Type": "application/octet-stream"}
        ).raise_for_status()
        return Pushed(mediaType=media_type, digest=digest, size=len(content))

    def manifest(
        self, document: Mapping[str, Any], media_type: str, tag: str | None = None
    ) -> Pushed:
        """Any manifest, under its digest and, if there is one, a tag."""
        content = json.dumps(document).encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self._http.put(
            f"/manifests/{tag or digest}", content=content, headers={"Content-Type": media_type}
        ).raise_for_status()
        return Pushed(mediaType=media_type, digest=digest, size=len(content))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


@contextlib.contextmanager
def pushing(url: str, repository: str, *, token: str | None = None) -> Iterator[Pusher]:
    """Somebody who may push to a repository."""
    pusher = Pusher(url, repository, token=token)
    try:
        yield pusher
    finally:
        pusher.close()


def certified(folder: Path, host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of a server that is called `host`, and of a client that trusts its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    path = folder / f"{host}.pem"
    certificate = _certificate(key, host).public_bytes(serialization.Encoding.PEM)
    path.write_bytes(
        certificate
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context(cadata=certificate.decode())
    return server, client


def _certificate(key: ec.EllipticCurvePrivateKey, host: str = ISSUER) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, ISSUER)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

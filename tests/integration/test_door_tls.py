"""The door over https, with a certificate of one's own that is renewed while it is open."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import websockets
from cryptography import x509

from ripieno.model.route import Mode
from ripieno.testing.doors import DoorRig, open_door, until
from ripieno.testing.ports import free_ports
from tests.certificates import Authority
from tests.visited import document

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOMAIN = "apps.localhost"
NAMES = (f"*.{DOMAIN}", DOMAIN)


@dataclass(frozen=True, slots=True)
class Secured:
    """A door over https."""

    rig: DoorRig
    authority: Authority
    certificate: Path
    key: Path
    plain_port: int
    serial: int

    async def shown(self) -> int:
        """The serial number of the certificate that visitors are shown."""
        _reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self.rig.host_port,
            ssl=self.authority.trusted(),
            server_hostname=f"host.{DOMAIN}",
        )
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        found = tls.getpeercert(binary_form=True)
        writer.close()
        await writer.wait_closed()
        assert found is not None
        return x509.load_der_x509_certificate(found).serial_number


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority()
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    serial = authority.issue(NAMES, certificate, key)
    (plain_port,) = free_ports(1)
    options = ["--tls-certificate", str(certificate), "--tls-key", str(key), "--domain", DOMAIN]
    options += ["--plain-port", str(plain_port)]
    async with open_door(folder / "home", options=options, trusted=authority.trusted()) as rig:
        for mode in (Mode.HOST, Mode.STRIP):
            await rig.deploy(document(mode), f"by-{mode}")
            await rig.until_led(f"by-{mode}")
        yield Secured(rig, authority, certificate, key, plain_port, serial)


@pytest.mark.parametrize("mode", [Mode.HOST, Mode.STRIP])
async def test_a_route_is_reached_over_https(secured: Secured, mode: Mode) -> None:
    rig, name = secured.rig, f"by-{mode}"
    url = (await rig.route(name)).url
    assert (
        url
        == {
            Mode.HOST: f"https://{name}.{DOMAIN}:{rig.host_port}/",
            Mode.STRIP: f"https://{DOMAIN}:{rig.prefix_port}/{name}/",
        }[mode]
    )
    browser = await rig.signed_in(name)
    assert browser["Cookie"].startswith("__Host-ripieno_door=")
    async with rig.visiting(name, headers=browser) as http:
        told = (await http.get("echo")).json()
    sent = dict(told["headers"])
    assert told["public"]["PUBLIC_URL"] == url
    assert (sent["x-forwarded-proto"], sent["x-forwarded-user"]) == ("https", "admin")
    assert "cookie" not in sent


async def test_websockets_pass_over_https(secured: Secured) -> None:
    rig = secured.rig
    origin = f"https://by-host.{DOMAIN}:{rig.host_port}"
    async with websockets.connect(
        f"{origin.replace('https', 'wss')}/socket",
        host="127.0.0.1",
        port=rig.host_port,
        ssl=secured.authority.trusted(),
        additional_headers=await rig.signed_in("by-host"),
        origin=websockets.Origin(origin),
        proxy=None,
    ) as websocket:
        await websocket.send("hello")
        assert await websocket.recv() == "1: hello"


async def test_who_comes_over_plain_http_is_sent_to_the_same_host(secured: Secured) -> None:
    rig = secured.rig
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{secured.plain_port}", timeout=60
    ) as http:
        for host, there in (
            (f"by-host.{DOMAIN}", f"https://by-host.{DOMAIN}:{rig.host_port}"),
            (DOMAIN, f"https://{DOMAIN}:{rig.prefix_port}"),
        ):
            answer = await http.get("/a/b?c=d", headers={"Host": host})
            assert answer.status_code in (301, 302, 307, 308)
            assert answer.headers["location"] == f"{there}/a/b?c=d"
        for host in ("evil.example", f"{DOMAIN}.evil.example", f"a.b.{DOMAIN}", "127.0.0.1"):
            answer = await http.get("/", headers={"Host": host})
            assert (answer.status_code, "location" in answer.headers) == (404, False), host


async def test_a_renewed_certificate_is_shown_and_a_broken_one_is_not(secured: Secured) -> None:
    assert await secured.shown() == secured.serial
    async with secured.rig.visiting("by-host", token=secured.rig.token) as http:
        secured.key.write_text("half a key")
        await until(lambda: said(secured, "certificate not taken"))
        assert await secured.shown() == secured.serial
        renewed = secured.authority.issue(NAMES, secured.certificate, secured.key)
        await until(lambda: shows(secured, renewed))
        assert (await http.get("echo")).status_code == 200


async def said(secured: Secured, text: str) -> bool:
    return text in secured.rig.server.log()


async def shows(secured: Secured, serial: int) -> bool:
    return await secured.shown() == serial

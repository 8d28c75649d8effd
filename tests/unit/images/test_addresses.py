"""Which addresses a server connects to on somebody else's word."""

import pytest

from ripieno.images.addresses import AddressBook, allowances, is_public
from ripieno.images.errors import ForbiddenAddress, IllegalAllowance, RegistryUnavailable

PUBLIC = (
    *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.1"),
    *("192.0.1.1", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.17"),
    *("2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2001:200::1"),
)
INTERNAL = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.9.9.9"),
    *("169.254.169.254", "168.63.129.16", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.9"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "100::1", "5f00::1"),
    *("", "localhost", "1.2.3", "not an address"),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is_connected_to(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INTERNAL)
def test_what_is_inside_is_not(address: str) -> None:
    assert not is_public(address)


def book(*allowed: str, **hosts: list[str]) -> AddressBook:
    async def resolve(host: str, port: int) -> list[str]:
        try:
            return hosts[host.partition(".")[0]]
        except KeyError:
            raise OSError("Name or service not known") from None

    return AddressBook(allowances(allowed), resolve=resolve)


async def test_one_address_inside_is_enough_to_refuse_a_host() -> None:
    mixed = book(mixed=["8.8.8.8", "10.0.0.1"], good=["8.8.8.8", "8.8.8.8", "1.1.1.1"])
    assert await mixed.addresses("good.org", 443) == ["8.8.8.8", "1.1.1.1"]
    with pytest.raises(ForbiddenAddress, match=r"--allow-registry mixed\.org:443") as refused:
        await mixed.addresses("mixed.org", 443)
    assert "10.0.0.1" not in str(refused.value)


async def test_a_host_is_allowed_with_its_port() -> None:
    allowing = book("Lab.org:5000", "hub.org", "[::1]:80", lab=["10.0.0.1"], hub=["10.0.0.2"])
    assert await allowing.addresses("lab.org", 5000) == ["10.0.0.1"]
    assert await allowing.addresses("LAB.org.", 5000) == ["10.0.0.1"]
    assert await allowing.addresses("hub.org", 443) == ["10.0.0.2"]
    assert allowing.is_allowed("hub.org", 80)
    assert allowing.is_allowed("::1", 80)
    for host, port in (("lab.org", 443), ("hub.org", 5000), ("lab.org", 22)):
        with pytest.raises(ForbiddenAddress):
            await allowing.addresses(host, port)


async def test_a_host_without_an_address_cannot_be_reached() -> None:
    with pytest.raises(RegistryUnavailable, match=r"there is no host 'a\.org'"):
        await book().addresses("a.org", 443)
    with pytest.raises(RegistryUnavailable, match="has no address"):
        await book(a=[]).addresses("a.org", 443)
    with pytest.raises(RegistryUnavailable):
        await AddressBook(frozenset()).addresses("a" * 70 + ".org", 443)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost"])
async def test_every_way_to_write_the_loopback_is_seen_through(host: str) -> None:
    with pytest.raises((ForbiddenAddress, RegistryUnavailable)):
        await AddressBook(frozenset()).addresses(host, 443)


@pytest.mark.parametrize("text", ["", "a b", "http://a", "a:", "a:99999", "a/b", "u@a", "::1"])
def test_what_is_no_host_cannot_be_allowed(text: str) -> None:
    with pytest.raises(IllegalAllowance, match="write HOST or HOST:PORT"):
        allowances([text])

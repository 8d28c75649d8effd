"""Where the server is, as far as requests may say; and paths that lead to nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.ui.address import Address, own_path


def scope(host: str, scheme: str = "http") -> dict[str, object]:
    return {"type": "http", "scheme": scheme, "headers": [(b"host", host.encode("latin-1"))]}


@pytest.mark.parametrize(
    "host", ["lab", "LAB:80", "lab.", "127.0.0.1:8642", "192.0.2.1", "[2001:db8::1]:8642"]
)
def test_names_and_plain_addresses_are_ours(host: str) -> None:
    assert Address(names=["lab"]).asked(scope(host)) == f"http://{host.lower()}"


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "lab.evil.example", "lab@evil.example", "lab/x", "lab:80:80", "lab:x",
     "[::1", "127.0.0.1.evil.example", "0x7f000001.example", "lab evil", "lab,evil"],
)  # fmt: skip
def test_names_of_others_are_not(host: str) -> None:
    address = Address("https://ripieno.example.org", names=["lab"])
    assert address.asked(scope(host)) is None
    assert not address.is_own_origin(f"http://{host}", scope(host))


def test_two_hosts_are_none() -> None:
    twice = {**scope("lab"), "headers": [(b"host", b"lab"), (b"host", b"lab")]}
    assert Address(names=["lab"]).asked(twice) is None


def test_public_address_is_what_links_begin_with() -> None:
    address = Address("https://ripieno.example.org/", names=["lab"])
    assert address.base(scope("lab")) == "https://ripieno.example.org"
    assert address.base(scope("evil.example")) == "https://ripieno.example.org"
    assert Address(names=["lab"]).base(scope("evil.example")) is None


def test_proxy_that_says_nothing_of_tls_is_understood() -> None:
    address = Address("https://ripieno.example.org", names=["lab"])
    assert address.is_secure(scope("ripieno.example.org"))
    assert not address.is_secure(scope("lab"))
    assert address.is_own_origin("https://ripieno.example.org", scope("ripieno.example.org"))
    assert not address.is_own_origin("http://ripieno.example.org", scope("ripieno.example.org"))


@given(st.text(alphabet=st.sampled_from("/\\.:@?#%a \t\r\n\0é"), max_size=12))
def test_own_path_is_one_of_this_site(text: str) -> None:
    found = own_path(text)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert not set(found) & set("\\\t\r\n\0 ")
    assert found in (text, "/")


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in?next=/sign-in", "/sign-in/link/x", "/sign-out"]
)
def test_nobody_goes_back_to_signing_in(path: str) -> None:
    assert own_path(path) == "/"


@pytest.mark.parametrize("path", ["/", "/deployments/x?tab=logs&q=a%20b", "/sign-in-help", "/é"])
def test_pages_are_gone_back_to(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    ("host", "there"),
    [
        ("localhost:8642", "http://127.0.0.1:8642"),
        ("LOCALHOST.", "http://127.0.0.1"),
        ("127.0.0.1:8642", None),
        ("lab", None),
        ("evil.example", None),
    ],
)
def test_a_host_that_applications_have_too_is_left(host: str, there: str | None) -> None:
    address = Address(names=["lab", "localhost"], instead={"localhost": "127.0.0.1"})
    assert address.instead(scope(host)) == there

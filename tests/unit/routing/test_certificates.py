"""The file that Traefik reads: always a certificate with its key."""

import ssl
import stat
from pathlib import Path

import pytest

from ripieno.routing.certificates import Certificate
from ripieno.routing.errors import InvalidDoor
from tests.certificates import Authority


def test_without_one_there_is_a_makeshift_that_stays(tmp_path: Path) -> None:
    path = Certificate(tmp_path, None).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(path)
    before = path.read_bytes()
    assert Certificate(tmp_path, None).path.read_bytes() == before


def test_what_was_given_is_put_in_one_file(tmp_path: Path) -> None:
    given = tmp_path / "c.pem", tmp_path / "k.pem"
    Authority().issue(["a.example"], *given)
    path = Certificate(tmp_path, given).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert given[0].read_text() in path.read_text()
    assert given[1].read_text() in path.read_text()


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    given, others = (tmp_path / "c.pem", tmp_path / "k.pem"), (tmp_path / "o.pem", tmp_path / "o.k")
    authority = Authority()
    authority.issue(["a.example"], *given)
    authority.issue(["a.example"], *others)
    with pytest.raises(InvalidDoor, match="no certificate and its key"):
        Certificate(tmp_path, (given[0], others[1]))
    given[1].write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidDoor, match="give --tls-certificate and --tls-key files in PEM"):
        Certificate(tmp_path, given)
    given[1].unlink()
    with pytest.raises(InvalidDoor, match="cannot be read"):
        Certificate(tmp_path, given)

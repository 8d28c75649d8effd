"""Secrets are sealed under their names, with a key that is made once and is nobody else's."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.store.errors import BrokenSeal, CannotOpen
from ripieno.store.sealing import Seal, seal_from

KEY = bytes(range(32))
TEXTS = st.text(st.characters(codec="utf-8"))


@given(name=TEXTS, text=TEXTS)
def test_what_was_sealed_comes_back(name: str, text: str) -> None:
    seal = Seal(KEY)
    assert seal.open(name, seal.close(name, text)) == text


@given(text=TEXTS, data=st.data())
def test_any_changed_bit_breaks_the_seal(text: str, data: st.DataObject) -> None:
    seal = Seal(KEY)
    sealed = bytearray(seal.close("a", text))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BrokenSeal, match="'a' cannot be opened"):
        seal.open("a", bytes(sealed))


def test_secret_cannot_be_passed_off_under_another_name() -> None:
    seal = Seal(KEY)
    with pytest.raises(BrokenSeal):
        seal.open("b", seal.close("a", "x"))


def test_another_key_opens_nothing() -> None:
    sealed = Seal(KEY).close("a", "hunter2")
    with pytest.raises(BrokenSeal, match="bring back the key file") as problem:
        Seal(KEY[::-1]).open("a", sealed)
    assert "hunter2" not in str(problem.value)


@pytest.mark.parametrize("sealed", [b"", b"short", b"x" * 12, b"x" * 27])
def test_what_is_too_short_to_be_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(BrokenSeal):
        Seal(KEY).open("a", sealed)


def test_the_same_text_is_never_sealed_alike() -> None:
    seal = Seal(KEY)
    assert len({seal.close("a", "x") for _ in range(50)}) == 50


def test_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    sealed = seal_from(path).close("a", "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert seal_from(path).open("a", sealed) == "x"
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_servers_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        with ThreadPoolExecutor(4) as executor:
            seals = list(executor.map(seal_from, [folder / "key"] * 4))
        sealed = seals[0].close("a", "x")
        assert [each.open("a", sealed) for each in seals] == ["x"] * 4
        assert [each.name for each in folder.iterdir()] == ["key"]


def test_what_a_server_left_that_died_while_it_made_the_key_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.link", die)
        patch.setattr("os.unlink", lambda path: None)
        with pytest.raises(KeyboardInterrupt):
            seal_from(tmp_path / "key")
    assert not (tmp_path / "key").exists()
    seal_from(tmp_path / "key")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    seal_from(path)
    path.chmod(mode)
    with pytest.raises(CannotOpen, match="chmod 600"):
        seal_from(path)


def test_file_that_holds_no_key_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(CannotOpen, match="holds no key"):
        seal_from(path)
    assert path.read_bytes() == b"short"


def test_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="missing"):
        seal_from(tmp_path / "missing" / "key")

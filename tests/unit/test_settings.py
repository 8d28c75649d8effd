"""How a client finds its server, and which token it shows to whom."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ripieno import settings
from ripieno.settings import ClientSettings, NoServer, NoToken, SettingsError

URL = "http://127.0.0.1:8642"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The state directory of a server that runs: this process stands for it."""
    record = {"url": URL, "pid": os.getpid()}
    (tmp_path / "server.json").write_text(json.dumps(record), encoding="utf-8")
    token = tmp_path / "admin.token"
    token.write_text("rip_admin\n", encoding="utf-8")
    token.chmod(0o600)
    return tmp_path


def test_a_server_that_runs_here_is_found_with_its_token(home: Path) -> None:
    found = settings.find({"RIPIENO_HOME": str(home)})
    assert found == ClientSettings(url=URL, token="rip_admin")


def test_the_environment_comes_first(home: Path) -> None:
    environment = {
        "RIPIENO_HOME": str(home),
        "RIPIENO_URL": "https://ripieno.example.org/",
        "RIPIENO_TOKEN": " rip_mine\n",
    }
    found = settings.find(environment)
    assert found == ClientSettings(url="https://ripieno.example.org", token="rip_mine")


def test_the_kept_token_is_shown_to_no_other_server(home: Path) -> None:
    environment = {"RIPIENO_HOME": str(home), "RIPIENO_URL": "http://127.0.0.1:9999"}
    with pytest.raises(NoToken, match="RIPIENO_TOKEN is not set"):
        settings.find(environment)
    environment["RIPIENO_URL"] = URL
    assert settings.find(environment).token == "rip_admin"


def test_a_server_that_has_gone_is_none(home: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    record = {"url": URL, "pid": gone.pid}
    (home / "server.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(NoServer, match="ripieno serve"):
        settings.find({"RIPIENO_HOME": str(home)})


@pytest.mark.parametrize("written", ["", "{}", "[]", "null", '{"url": 1, "pid": "x"}', "\x00"])
def test_a_file_of_a_server_that_makes_no_sense_is_no_server(home: Path, written: str) -> None:
    (home / "server.json").write_text(written, encoding="utf-8")
    with pytest.raises(NoServer):
        settings.find({"RIPIENO_HOME": str(home)})


def test_a_token_that_others_can_read_is_not_used(home: Path) -> None:
    (home / "admin.token").chmod(0o644)
    with pytest.raises(NoToken, match="chmod 600"):
        settings.find({"RIPIENO_HOME": str(home)})


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "x" * 600, "ümlaut"])
def test_what_cannot_be_a_token_is_refused_before_it_is_sent(home: Path, token: str) -> None:
    with pytest.raises(NoToken, match="not a token"):
        settings.find({"RIPIENO_HOME": str(home), "RIPIENO_TOKEN": token})


def test_a_token_file_that_is_missing_or_no_text_is_told(home: Path) -> None:
    (home / "admin.token").write_bytes(b"\xff\xfe")
    with pytest.raises(NoToken, match=r"admin\.token"):
        settings.find({"RIPIENO_HOME": str(home)})
    (home / "admin.token").unlink()
    with pytest.raises(NoToken, match=r"admin\.token"):
        settings.find({"RIPIENO_HOME": str(home)})


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8642", "ftp://x", "http://", "http://u:p@x", "http://a b"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="RIPIENO_URL"):
        settings.find({"RIPIENO_URL": url, "RIPIENO_TOKEN": "t"})


def test_the_state_directory_is_absolute_and_has_a_default() -> None:
    assert settings.home({"RIPIENO_HOME": "state"}) == Path.cwd() / "state"
    assert settings.home({}).name == "ripieno"

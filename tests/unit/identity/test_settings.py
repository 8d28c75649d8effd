"""The file about a provider of identities."""

from pathlib import Path

import pytest

from ripieno.identity import settings
from ripieno.identity.settings import IllegalSettings
from ripieno.model.access import Role

REPOSITORY = Path(__file__).resolve().parents[3]
LEAST = 'issuer = "https://id.example.org/realms/lab"\nclient_id = "ripieno"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "oidc.toml"
    path.write_text(text)
    return path


def test_little_is_enough(tmp_path: Path) -> None:
    found = settings.read(written(tmp_path, LEAST))
    assert found.label == "id.example.org"
    assert found.scopes == ("openid", "profile", "email")
    assert (found.client_secret, found.groups_claim, found.role_claim) == (None, None, None)
    assert (found.default_role, found.allowed_domains) == (Role.VIEWER, ())


def test_all_of_it_is_read_and_the_secret_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    (tmp_path / "secret").chmod(0o600)
    found = settings.read(
        written(
            tmp_path,
            LEAST
            + 'client_secret_file = "secret"\nlabel = "the lab"\nscopes = ["openid", "groups"]\n'
            'name_claim = "uid"\ngroups_claim = "groups"\nrole_claim = "roles"\n'
            'default_role = "deployer"\nallowed_domains = ["@Example.org"]\n'
            '[roles]\nstaff = "publisher"\n',
        )
    )
    assert found.client_secret == "s3cret"
    assert "s3cret" not in repr(found)
    assert found.scopes == ("openid", "groups")
    assert found.roles == {"staff": Role.PUBLISHER}
    assert found.default_role is Role.DEPLOYER
    assert found.allowed_domains == ("example.org",)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", "issuer is missing"),
        ("issuer = 7", "issuer is missing, or is no text"),
        ('issuer = "https://id.example.org"', "client_id is missing"),
        ('issuer = "http://id.example.org"\nclient_id = "x"', "with https://"),
        ('issuer = "https://id.example.org?x"\nclient_id = "x"', "with https://"),
        ('issuer = "id.example.org"\nclient_id = "x"', "with https://"),
        (LEAST + "colour = 1", "colour is not known; there are allowed_domains"),
        (LEAST + 'scopes = "openid"', "scopes is a list of texts"),
        (LEAST + 'scopes = ["profile"]', "openid among them"),
        (LEAST + 'default_role = "god"', "'god' is no role; there are viewer"),
        (LEAST + '[roles]\na = "admin"', "roles needs role_claim"),
        (LEAST + 'role_claim = "r"\nroles = 1', "roles is a table"),
        (LEAST + 'role_claim = "r"\n[roles]\na = "god"', "'god' is no role"),
        (LEAST + 'client_secret_file = "nowhere"', "cannot be read"),
        ("= nonsense", "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(tmp_path: Path, text: str, because: str) -> None:
    with pytest.raises(IllegalSettings) as refused:
        settings.read(written(tmp_path, text))
    assert because in str(refused.value)
    assert "oidc.toml" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "mode", "because"), [("x", 0o644, "chmod 600"), ("", 0o600, "empty")]
)
def test_secret_is_the_owners_alone(tmp_path: Path, text: str, mode: int, because: str) -> None:
    (tmp_path / "secret").write_text(text)
    (tmp_path / "secret").chmod(mode)
    with pytest.raises(IllegalSettings, match=because):
        settings.read(written(tmp_path, LEAST + 'client_secret_file = "secret"'))


@pytest.mark.parametrize(
    ("url", "is_secure"),
    [
        ("https://id.example.org", True),
        ("http://127.0.0.1:9400", True),
        ("http://localhost:9400", True),
        ("http://[::1]:9400", True),
        ("http://id.example.org", False),
        ("http://localhost.evil.example", False),
        ("ftp://localhost", False),
        ("", False),
    ],
)
def test_plain_http_is_for_this_machine_only(url: str, is_secure: bool) -> None:
    assert settings.is_secure(url) is is_secure


def test_file_that_the_documents_show_is_read(tmp_path: Path) -> None:
    shown = (REPOSITORY / "docs" / "how-to" / "sign-in-and-access.md").read_text()
    text = shown.split("```toml\n")[1].split("```")[0]
    (tmp_path / "oidc.secret").write_text("s3cret")
    (tmp_path / "oidc.secret").chmod(0o600)
    found = settings.read(written(tmp_path, text))
    assert found.roles == {"lab-staff": Role.DEPLOYER, "lab-it": Role.ADMIN}
    assert found.groups_claim == "groups"

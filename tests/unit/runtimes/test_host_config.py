import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.model import host as hosts
from ripieno.model.host import HostConfig, HostKind, IllegalHost, Jump

texts = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
configs = st.builds(
    HostConfig,
    name=texts,
    kind=st.sampled_from(HostKind),
    address=texts | st.just("::1") | st.just("fe80::1%eth0"),
    port=st.integers(1, 65535),
    user=st.none() | texts,
    key_path=st.none() | texts,
    known_hosts_path=st.none() | texts,
    jump=st.none() | st.just("root@10.0.0.1:2222") | st.just("gate"),
    directory=st.builds("/{}/{}".format, texts, texts),
    timeout_s=st.floats(0.1, 100),
    keepalive_s=st.floats(0.1, 100),
)


@given(configs)
def test_a_host_survives_being_written_as_json(config: HostConfig) -> None:
    assert hosts.from_json(hosts.to_json(config)) == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "Upper"),
        ("name", "-a"),
        ("name", "a" * 64),
        ("kind", "telnet"),
        ("address", ""),
        ("address", "-oProxyCommand=x"),
        ("address", "a b"),
        ("port", 0),
        ("port", 65536),
        ("user", "-x"),
        ("user", "a b"),
        ("directory", "relative"),
        ("directory", "/"),
        ("directory", "/a/../b"),
        ("directory", "/a\nb"),
        ("jump", "a b"),
        ("jump", "a:99999"),
        ("jump", ""),
        ("timeout_s", 0),
        ("timeout_s", float("nan")),
        ("keepalive_s", -1),
        ("nonsense", 1),
    ],
)
def test_what_cannot_be_meant_is_refused_by_the_name_of_the_field(
    field: str, value: object
) -> None:
    written = {"name": "remote", "kind": "ssh", "directory": "/srv/ripieno"} | {field: value}
    with pytest.raises(IllegalHost, match=field):
        hosts.from_json(written)


@pytest.mark.parametrize(
    ("jump", "user", "address", "port"),
    [
        ("gate", "me", "gate", 22),
        ("you@gate", "you", "gate", 22),
        ("gate:2222", "me", "gate", 2222),
        ("you@[fe80::1]:2222", "you", "fe80::1", 2222),
    ],
)
def test_a_jump_host_is_read(jump: str, user: str, address: str, port: int) -> None:
    config = HostConfig(name="remote", kind=HostKind.SSH, user="me", jump=jump, directory="/a")
    assert hosts.jump_of(config) == Jump(user=user, address=address, port=port)


def test_a_local_host_needs_only_a_name_and_a_directory() -> None:
    config = hosts.from_json({"name": "here", "directory": "/srv/ripieno"})
    assert hosts.to_json(config) == {"name": "here", "kind": "local", "directory": "/srv/ripieno"}

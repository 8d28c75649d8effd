"""What is found on a host, with the remedy where it is not well."""

import dataclasses

from ripieno.control import host_checks
from ripieno.runtimes.docker import DockerEngine
from ripieno.runtimes.errors import HostUnreachable, NoEngine
from ripieno.runtimes.host import HostFacts

WELL = HostFacts(
    os="Debian", kernel="6.1", architecture="x86_64", user="ada", cpus=4, memory_mib=8192,
    disk_free_mib=9000,
)  # fmt: skip


def test_nothing_is_said_of_a_host_that_nobody_has_looked_at() -> None:
    assert host_checks.checks(None, None) == ()


def test_what_is_well_needs_no_remedy() -> None:
    found = host_checks.checks(WELL, None)
    assert [each.subject for each in found] == ["link", "tools", "disk"]
    assert all(each.is_well and each.remedy is None for each in found)


def test_what_is_not_well_has_its_own_remedy() -> None:
    poor = dataclasses.replace(WELL, missing_tools=("setsid", "fallocate"), disk_free_mib=10)
    _, tools, disk = host_checks.checks(poor, None)
    assert not tools.is_well and tools.remedy is not None
    assert tools.remedy.startswith("install setsid, fallocate")
    assert not disk.is_well and disk.said == "0.0 GiB free" and disk.remedy


def test_a_host_that_does_not_answer_says_what_to_do_and_nothing_of_before() -> None:
    problem = HostUnreachable("it does not answer", host="lab", remedy="start its sshd")
    (found,) = host_checks.checks(WELL, problem)
    assert (found.is_well, found.said, found.remedy) == (
        False,
        "it does not answer",
        "start its sshd",
    )
    (found,) = host_checks.checks(None, HostUnreachable("no route", host="lab"))
    assert found.remedy


def test_it_is_told_whether_images_run_there_and_why_not() -> None:
    *_, images = host_checks.checks(
        WELL, None, DockerEngine(version="26.1.5", gateway="172.17.0.1")
    )
    assert (images.subject, images.said) == ("images", "run, by Docker 26.1.5")
    *_, images = host_checks.checks(WELL, None, NoEngine("it has no docker", remedy="install it"))
    assert images.is_well and images.said == "not run: it has no docker; install it"

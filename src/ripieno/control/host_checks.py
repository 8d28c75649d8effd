"""What was found on a host, as checks: whether it is well, and what to do where it is not."""

from ripieno.control.host_views import Finding
from ripieno.runtimes.docker import DockerEngine
from ripieno.runtimes.errors import RuntimeDriverError
from ripieno.runtimes.host import HostFacts

LEAST_FREE_MIB = 500
"""Less free space than this is worth a warning."""

LINK, TOOLS, DISK, IMAGES = "link", "tools", "disk", "images"


def checks(
    facts: HostFacts | None,
    problem: RuntimeDriverError | None,
    found: DockerEngine | RuntimeDriverError | None = None,
) -> tuple[Finding, ...]:
    """All that is known of a host; nothing of one that nobody has looked at."""
    if problem is not None:
        return (
            Finding(
                subject=LINK,
                is_well=False,
                said=problem.what,
                remedy=problem.remedy or "mend it there, then check the host again",
            ),
        )
    if facts is None:
        return ()
    lacks = ", ".join(facts.missing_tools)
    has_room = facts.disk_free_mib >= LEAST_FREE_MIB
    return (
        Finding(subject=LINK, is_well=True, said=f"answers, as user {facts.user}"),
        Finding(
            subject=TOOLS,
            is_well=not lacks,
            said=f"lacks {lacks}" if lacks else "has all that is needed",
            remedy=f"install {lacks} there, then check the host again" if lacks else None,
        ),
        Finding(
            subject=DISK,
            is_well=has_room,
            said=f"{facts.disk_free_mib / 1024:.1f} GiB free",
            remedy=None if has_room else "make room in its folder, then check the host again",
        ),
        *_images(found),
    )


def _images(found: DockerEngine | RuntimeDriverError | None) -> tuple[Finding, ...]:
    """Whether it runs images. It is well where it does not: not every host is meant to."""
    if found is None:
        return ()
    if isinstance(found, DockerEngine):
        said = f"run, by Docker {found.version}"
    else:
        said = f"not run: {found.what}; {found.remedy}"
    return (Finding(subject=IMAGES, is_well=True, said=said),)

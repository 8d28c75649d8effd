"""Named configurations of an application: other resources, arguments, variables and parameters.

Read by `reading_configurations`; chosen by whoever deploys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ripieno.model import names, workload
from ripieno.model.component_type import Value
from ripieno.model.workload import Secret

MOST_CONFIGURATIONS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """What a configuration makes of one component.

    `args` None: as they are; `env` is put over that of the component.
    """

    cpus: float | None = None
    memory_mib: int | None = None
    args: tuple[str, ...] | None = None
    env: Mapping[str, str | Secret] = field(default_factory=dict)

    def __post_init__(self) -> None:
        workload.check_resources(self.cpus, self.memory_mib)


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """One way to run an application. `parameters` are those that it sets; others keep theirs."""

    name: str
    title: str = ""
    description: str = ""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    components: Mapping[str, Override] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names.check_slug(self.name, "a configuration")

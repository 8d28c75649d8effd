"""Named configurations of an application."""

import pytest

from ripieno.model import errors
from ripieno.model.application import Application
from ripieno.model.configuration import Configuration, Override
from ripieno.model.reading_applications import application, resolve
from ripieno.model.workload import Secret, Workload

HEAD = """
name: demo
version: 1.0.0
parameters:
  properties:
    atlas: {type: string, enum: [aal, desikan], default: aal}
    threads: {type: integer, minimum: 1, default: 1}
"""
TOOL = """
components:
  tool:
    type: job
    command: [run]
    args: [--atlas, "${parameters.atlas}"]
    env: {A: "1", B: "2"}
    resources: {cpus: 0.5, memory_mib: 64}
  data: {type: external, address: {host: example.org}}
"""
LARGE = """
configurations:
  small: {resources: {cpus: 0.1, memory_mib: 32}}
  large:
    title: For whole brains
    description: Takes an hour.
    parameters: {atlas: desikan, threads: 8}
    resources: {cpus: "${parameters.threads}"}
    args: [--threads, {parameter: threads}, --atlas, "${parameters.atlas}"]
    env: {B: "${parameters.threads}", C: {secret: key}}
"""


def read(more: str, components: str = TOOL) -> Application:
    return application(HEAD + components + more, "f.yaml")


def run(found: Application, name: str = "tool") -> Workload:
    workload = found.components[name].workload
    assert workload is not None
    return workload


def test_a_configuration_is_put_over_the_one_component_that_runs() -> None:
    found = read(LARGE)
    large = run(resolve(found, {}, configuration="large"))
    assert (large.cpus, large.memory_mib) == (8.0, 64)
    assert large.argv == ("run", "--threads", "8", "--atlas", "desikan")
    assert large.env == {"A": "1", "B": "8", "C": Secret(name="key")}
    small = run(resolve(found, {}, configuration="small"))
    assert (small.cpus, small.memory_mib) == (0.1, 32)
    assert small.argv == ("run", "--atlas", "aal")


@pytest.mark.parametrize("none", [None, ""])
def test_without_a_configuration_an_application_is_as_it_is(none: str | None) -> None:
    assert run(resolve(read(LARGE), {}, configuration=none)) == run(resolve(read(""), {}))


def test_what_is_given_counts_more_than_what_a_configuration_sets() -> None:
    found = run(resolve(read(LARGE), {"atlas": "aal"}, configuration="large"))
    assert found.argv == ("run", "--threads", "8", "--atlas", "aal")


def test_configurations_can_be_looked_at_before_one_is_chosen() -> None:
    found = read(LARGE)
    assert found.configurations == {
        "small": Configuration(
            name="small", components={"tool": Override(cpus=0.1, memory_mib=32)}
        ),
        "large": Configuration(
            name="large",
            title="For whole brains",
            description="Takes an hour.",
            parameters={"atlas": "desikan", "threads": 8},
            components={
                "tool": Override(
                    cpus=1.0,  # that of the default
                    args=("--threads", "1", "--atlas", "${parameters.atlas}"),
                    env={"B": "1", "C": Secret(name="key")},
                )
            },
        ),
    }
    assert resolve(found, {}, configuration="large").configurations == found.configurations


def test_each_of_several_components_can_be_configured() -> None:
    components = """
components:
  web: {type: service, image: web, for_each: [a, b], args: [-n, "${each}"]}
  store: {type: service, image: store, env: {A: "1"}}
"""
    found = read(
        """
configurations:
  large:
    components:
      web: {args: [-x, "${each}"], resources: {memory_mib: 128}}
      store: {env: {A: "2"}}
""",
        components,
    )
    large = resolve(found, {}, configuration="large")
    assert run(large, "web-b").argv == ("-x", "b")
    assert run(large, "web-a").memory_mib == 128
    assert run(large, "store").env == {"A": "2"}


def test_a_configuration_may_need_values_that_are_given_later() -> None:
    found = application(
        "name: demo\nversion: 1.0.0\nparameters: {properties: {n: {type: integer}}, required: [n]}"
        "\ncomponents: {tool: {type: job, command: [run]}}\n"
        "configurations: {large: {args: ['${parameters.n}']}}\n"
    )
    assert run(resolve(found, {"n": 3}, configuration="large")).argv == ("run", "3")


def test_a_configuration_that_is_not_there_is_named() -> None:
    with pytest.raises(
        errors.UnknownConfiguration,
        match=r"demo has no configuration 'big'; there are small, large",
    ):
        resolve(read(LARGE), {}, configuration="big")


SEVERAL = "components: {a: {type: service, image: a}, b: {type: service, image: b}}\n"


@pytest.mark.parametrize(
    ("configuration", "components", "message"),
    [
        ("{cpus: 1}", TOOL, r"f.yaml:18: configurations.large: unknown field 'cpus'"),
        ("{resources: {cpus: 0.05}}", TOOL, r"f.yaml:18: .*cpus is 0.05; give from 0.1 to 10000"),
        ("{resources: {memory_mib: 31}}", TOOL, "memory_mib is 31; give 32 to"),
        ("{parameters: {atlas: x}}", TOOL, r"configurations.large.parameters.atlas: .*'x'"),
        ("{parameters: {atlass: x}}", TOOL, "there is no parameter 'atlass'"),
        ("{args: [-n]}", SEVERAL, "a, b run something; say whose resources, args, env these are"),
        ("{components: {c: {args: []}}}", SEVERAL, "there is no component 'c' that runs something"),
        ("{components: {a: {image: x}}}", SEVERAL, "unknown field 'image'"),
        ("{components: {a: {}}, args: []}", SEVERAL, "put them all under their components"),
        ("{components: {data: {}}}", TOOL, "there is no component 'data' that runs something"),
        ("{args: ['${parameters.x}']}", TOOL, "there is no parameter 'x'"),
        ("{args: ['${store.url}']}", TOOL, "there is no 'store'"),
        ("{env: {1A: x}}", TOOL, "cannot name an environment variable"),
        (f"{{title: {'x' * 201}}}", TOOL, "title has 201 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_is(
    configuration: str, components: str, message: str
) -> None:
    with pytest.raises(errors.ModelError, match=message):
        read(f"configurations:\n  large: {configuration}\n", components)


def test_a_configuration_has_a_name_of_its_own_kind() -> None:
    with pytest.raises(errors.DocumentError, match="cannot be the name of a configuration"):
        read("configurations: {Large: {}}")


def test_there_are_not_too_many() -> None:
    many = "\n".join(f"  c{number}: {{}}" for number in range(51))
    with pytest.raises(errors.DocumentError, match="more than 50 configurations"):
        read(f"configurations:\n{many}")

"""`tweetoscope estimator`."""

from typing import Annotated

import typer

from tweetoscope import estimator, running
from tweetoscope.cli.options import HERE, LOCAL, Brokers, Host, Port
from tweetoscope.errors import BadParameters
from tweetoscope.kafka import Kafka
from tweetoscope.marks import PowerLaw
from tweetoscope.prior import Prior
from tweetoscope.topics import ESTIMATOR


def command(
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    mean_magnitude: Annotated[
        float, typer.Option(help="Followers in the mean, until the stream has told.")
    ] = PowerLaw().mean,
    prior: Annotated[
        bool, typer.Option(help="Whether what is usual counts beside the likelihood.")
    ] = True,
    prior_means: Annotated[
        str, typer.Option(help="Usual p and β a second, at the mean magnitude that is given.")
    ] = "0.02,0.0002",
    prior_deviations: Annotated[
        str, typer.Option(help="How much each of them differs, as a standard deviation.")
    ] = "0.01,0.001",
    prior_correlation: Annotated[
        float, typer.Option(help="How they go together, between -1 and 1.")
    ] = -0.1,
    prior_from_stream: Annotated[
        bool, typer.Option(help="Whether what is usual follows the cascades that come.")
    ] = False,
) -> None:
    """Estimate parameters of the cascades that were seen in a window."""
    p, beta = _pair("--prior-means", prior_means)
    p_deviation, beta_deviation = _pair("--prior-deviations", prior_deviations)
    usual = Prior.from_moments(
        p=p,
        beta=beta,
        p_deviation=p_deviation,
        beta_deviation=beta_deviation,
        correlation=prior_correlation,
    )
    service = estimator.service(mean_magnitude, usual if prior else None, follows=prior_from_stream)
    with running.service(ESTIMATOR, Kafka(brokers), port=port, host=host) as running_:
        running_.work(service)


def _pair(option: str, said: str) -> tuple[float, float]:
    try:
        of_p, of_beta = map(float, said.split(","))
    except ValueError as error:
        raise BadParameters(
            f"{option} {said}: give two numbers, of p and of β a second, as in 0.02,0.0002"
        ) from error
    return of_p, of_beta

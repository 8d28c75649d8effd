import pytest
from typer.testing import CliRunner

from tweetoscope.cli.main import app
from tweetoscope.topics import all_topics


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["--prior-means", "0.02"], "--prior-means 0.02: give two numbers"),
        (["--prior-deviations", "much,little"], "--prior-deviations much,little: give two"),
        (["--prior-means", "0.02,0"], "means and deviations of the prior must be above 0"),
        (["--prior-means", "nan,1"], "means and deviations of the prior must be above 0"),
        (["--prior-correlation", "-0.9"], "no log-normal has a correlation of -0.9"),
    ],
)
def test_a_prior_that_cannot_be_is_refused(said: list[str], words: str) -> None:
    refused = CliRunner().invoke(app, ["estimator", "--brokers", "127.0.0.1:1", *said])
    assert words in str(refused.exception)


def test_topics_are_made_once(tansu: str) -> None:
    run = CliRunner()
    first = run.invoke(app, ["topics", "--brokers", tansu])
    second = run.invoke(app, ["topics"], env={"TWEETOSCOPE_BROKERS": tansu})
    assert (first.exit_code, second.exit_code) == (0, 0)
    for topic in all_topics(3):
        assert topic.name in first.output or "all topics are there" in first.output
    assert second.output == "all topics are there\n"

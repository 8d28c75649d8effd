from typer.testing import CliRunner

from tweetoscope.cli.main import app
from tweetoscope.topics import all_topics


def test_topics_are_made_once(tansu: str) -> None:
    run = CliRunner()
    first = run.invoke(app, ["topics", "--brokers", tansu])
    second = run.invoke(app, ["topics"], env={"TWEETOSCOPE_BROKERS": tansu})
    assert (first.exit_code, second.exit_code) == (0, 0)
    for topic in all_topics(3):
        assert topic.name in first.output or "all topics are there" in first.output
    assert second.output == "all topics are there\n"

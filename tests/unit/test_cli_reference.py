"""The reference of the command line is written from the commands as they are."""

from docs import cli_reference


def test_the_reference_of_the_command_line_is_up_to_date() -> None:
    path = cli_reference.REFERENCE
    assert path.is_file() and path.read_text(encoding="utf-8") == cli_reference.reference(), (
        f"{path.name} is out of date; write it again with: python -m docs.cli_reference"
    )

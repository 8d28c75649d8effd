"""What programs print for terminals, as text."""

import pytest

from ripieno.ui import terminal


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain\ttext é 漢 🎻", "plain\ttext é 漢 🎻"),
        ("\x1b[1;31mred\x1b[0m rest", "red rest"),
        ("\x1b[38;2;1;2;3mtrue\x1b[m", "true"),
        ("\x1b]0;a title\x07after", "after"),
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[Hcleared", "cleared"),
        ("10%\r20%\r30%", "30%"),
        ("dos line\r", "dos line"),
        ("null\x00 bell\x07 back\x08", "null bell back"),
        ("\u202eevil\u2066", "evil"),
        ("cut \x1b[31", "cut 31"),
        ("ends with \x1b", "ends with "),
    ],
)
def test_nothing_is_left_but_what_can_be_read(line: str, shown: str) -> None:
    assert terminal.plain(line) == shown


def test_a_long_hostile_line_takes_no_time() -> None:
    assert terminal.plain("\x1b]" * 50_000).strip("]") == ""

"""What services say of themselves, in one line each."""

import logging

import pytest

from tweetoscope import telling


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "serving"),
        ({"reason": "away", "pause_s": 0.5}, "serving pause_s=0.5 reason=away"),
        ({"color_message": "\x1b[36mserving\x1b[0m"}, "serving"),
    ],
)
def test_a_line_has_its_fields_and_is_text_only(fields: dict[str, object], line: str) -> None:
    record = logging.makeLogRecord({"msg": "serving", **fields})
    assert telling.with_fields(record) == line
    # Whoever has formatted it before has left something in it.
    telling.Lines().format(record)
    assert logging.Formatter().format(record) == "serving"
    assert telling.with_fields(record) == line

"""The reference of the application file is written from what its reader takes."""

from unittest import mock

import pytest

from docs import application_fields, application_file
from ripieno.model import reading_routes


def test_the_reference_of_the_application_file_is_up_to_date() -> None:
    path = application_file.REFERENCE
    assert path.is_file() and path.read_text(encoding="utf-8") == application_file.reference(), (
        f"{path.name} is out of date; write it again with: python -m docs.application_file"
    )


def test_a_field_that_nobody_has_explained_is_named() -> None:
    known = reading_routes._FIELDS | {"colour"}
    with (
        mock.patch.object(reading_routes, "_FIELDS", known),
        pytest.raises(application_file.OutOfDate, match=r"Routes: explain .*colour"),
    ):
        application_file.reference()
    assert "colour" not in application_fields.EVERYTHING

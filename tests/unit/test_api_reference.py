"""The reference of the API is written from the OpenAPI document as it is."""

from docs import api_reference


def test_the_reference_of_the_api_is_up_to_date() -> None:
    path = api_reference.REFERENCE
    assert path.is_file() and path.read_text(encoding="utf-8") == api_reference.reference(), (
        f"{path.name} is out of date; write it again with: python -m docs.api_reference"
    )

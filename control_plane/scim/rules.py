"""Which filters a directory may use, and how much it gets at once."""

from enum import StrEnum

LARGEST_PAGE = 200


class Lookup(StrEnum):
    """The comparisons with ``eq`` by which Okta and Entra look for one user, in lower case."""

    ID = "id"
    USER_NAME = "username"
    EXTERNAL_ID = "externalid"
    EMAIL = "emails.value"


def page(start_index: int | None, count: int | None) -> tuple[int, int]:
    """How many to skip and how many to show, from SCIM's 1-based ``startIndex`` and its ``count``."""
    return max(1, start_index or 1) - 1, LARGEST_PAGE if count is None else min(max(0, count), LARGEST_PAGE)

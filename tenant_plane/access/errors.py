"""What can go wrong with API keys, in words a caller may see."""

from shared.errors import NotFound


class ApiKeyNotFound(NotFound):
    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no API key {key_id[:60]}.")

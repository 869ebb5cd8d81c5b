"""Where a local installation lives, from the environment; the same for every command."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HOST = "127.0.0.1"


class Unusable(Exception):
    """One sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Options:
    port: int
    data_dir: Path
    storm: bool
    frontend: bool
    """False: serve what was built earlier, if anything; for machines that only need the API."""

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def demo_file(self) -> Path:
        return self.data_dir / "demo.json"


def read_options() -> Options:
    port = os.environ.get("OPSPLANE_PORT", "8000")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise Unusable(f"OPSPLANE_PORT is {port!r}; it must be a number from 1 to 65535.")
    data_dir = Path(os.environ.get("OPSPLANE_DATA", ".opsplane")).expanduser().resolve()
    return Options(int(port), data_dir, storm=_is_on("OPSPLANE_STORM"), frontend=_is_on("OPSPLANE_FRONTEND"))


def _is_on(name: str) -> bool:
    return os.environ.get(name, "1") != "0"


def make_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        probe = data_dir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Unusable(
            f"The data directory {data_dir} can't be written ({error.strerror}); set OPSPLANE_DATA to one that can."
        ) from None

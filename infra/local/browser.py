"""Find a Chromium for the browser tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLAYWRIGHT_FOLDERS = (Path.home() / ".cache" / "ms-playwright", Path.home() / "Library" / "Caches" / "ms-playwright")
PLAYWRIGHT_BINARIES = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")


def find_chromium() -> Path | None:
    """`OPSPLANE_CHROMIUM` if set, else the system's, else the newest one that Playwright installed."""
    given = os.environ.get("OPSPLANE_CHROMIUM")
    if given:
        return Path(given) if os.access(given, os.X_OK) else None
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    installed = [path for folder in PLAYWRIGHT_FOLDERS for glob in PLAYWRIGHT_BINARIES for path in folder.glob(glob)]
    return max(installed, default=None)

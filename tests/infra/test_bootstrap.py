"""The environment is made once, changed only when the lock changes, and every refusal is one sentence.

The locks here name no package from an index, so nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.bootstrap import BootstrapError, prepare, read_stamp, stamp_of

MISSING_WHEEL = "gone @ file:///nowhere/gone-1.0-py3-none-any.whl --hash=sha256:" + 64 * "0" + "\n"


def test_environment_follows_its_lock(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lock, stamp = tmp_path / "requirements.lock", stamp_of(tmp_path / ".venv", "requirements.lock")
    lock.write_text("# one\n")
    python = prepare(tmp_path, lock.name)
    assert python.exists()
    assert "Installing" in capfd.readouterr().out

    first = read_stamp(stamp)
    assert prepare(tmp_path, lock.name) == python
    assert capfd.readouterr().out == ""

    lock.write_text("# two\n")
    prepare(tmp_path, lock.name)
    assert "Installing" in capfd.readouterr().out
    second = read_stamp(stamp)
    assert second not in ("", first)

    lock.write_text(MISSING_WHEEL)
    with pytest.raises(BootstrapError, match=r"can't install the packages of requirements\.lock: check the network"):
        prepare(tmp_path, lock.name)
    assert read_stamp(stamp) == second


def test_missing_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(BootstrapError, match=r"requirements\.lock.*is the checkout whole"):
        prepare(tmp_path, "requirements.lock")
    assert list(tmp_path.iterdir()) == []


def test_missing_checkout_is_named(tmp_path: Path) -> None:
    with pytest.raises(BootstrapError, match=r"can't write the Python environment .*: check the folder's permissions"):
        prepare(tmp_path / "gone", "requirements.lock")

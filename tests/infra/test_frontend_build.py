"""When the frontend is built, when it is left alone, and that a failed build keeps the one before.

Node and npm are small Python programs here, started as processes exactly like the real ones.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from infra.local.frontend_build import FrontendError, build_frontend, developer_packages
from infra.local.node import Node, NodeError, Progress, is_new_enough

FAKE_NODE = """
import pathlib, sys
text = pathlib.Path("src/main.ts").read_text()
out = pathlib.Path(sys.argv[sys.argv.index("--outDir") + 1])
out.mkdir()
if text == "broken":
    sys.exit("src/main.ts is broken")
(out / "index.html").write_text(text)
"""

FAKE_NPM = """
import json, pathlib, shutil, sys
with open("../npm-calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
lock = json.loads(pathlib.Path("package-lock.json").read_text())
omit = "--omit=dev" in sys.argv
lock["packages"] = {k: v for k, v in lock["packages"].items() if k and not (omit and v.get("dev"))}
shutil.rmtree("node_modules", ignore_errors=True)
pathlib.Path("node_modules").mkdir()
pathlib.Path("node_modules/.package-lock.json").write_text(json.dumps(lock))
"""


class Toy:
    """A frontend of three files."""

    def __init__(self, folder: Path) -> None:
        self.frontend = folder / "frontend"
        (self.frontend / "src").mkdir(parents=True)
        self.npm_calls = folder / "npm-calls"
        self.npm_calls.touch()
        (folder / "node.py").write_text(FAKE_NODE)
        (folder / "npm.py").write_text(FAKE_NPM)
        self.node = Node((sys.executable, str(folder / "node.py")), (sys.executable, str(folder / "npm.py")))
        self.lock("1.0.0")
        self.write("one")

    def lock(self, version: str) -> None:
        packages = {
            "": {"name": "toy"},
            "node_modules/vite": {"version": version},
            "node_modules/biome": {"version": version, "dev": True},
            "node_modules/other-platform": {"version": version, "optional": True},
        }
        (self.frontend / "package-lock.json").write_text(json.dumps({"packages": packages}))

    def write(self, text: str) -> None:
        (self.frontend / "src" / "main.ts").write_text(text)

    def find(self, _progress: Progress) -> Node:
        return self.node

    def build(self) -> bool:
        return build_frontend(self.frontend, lambda _text: None, self.find)

    def served(self) -> str:
        return (self.frontend / "dist" / "index.html").read_text()

    def installs(self) -> list[str]:
        return self.npm_calls.read_text().splitlines()


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    return Toy(tmp_path)


def test_builds_once_and_again_only_after_a_change(toy: Toy) -> None:
    assert toy.build()
    assert toy.served() == "one"
    assert not toy.build()
    toy.write("two")
    assert toy.build()
    assert toy.served() == "two"
    assert len(toy.installs()) == 1


def test_unchanged_frontend_needs_no_node(toy: Toy) -> None:
    toy.build()

    def no_node(_progress: Progress) -> Node:
        raise NodeError("There is no Node.")

    assert not build_frontend(toy.frontend, lambda _text: None, no_node)
    toy.write("two")
    with pytest.raises(FrontendError, match=r"There is no Node\."):
        build_frontend(toy.frontend, lambda _text: None, no_node)
    assert toy.served() == "one"


def test_failed_build_keeps_the_previous_one_and_leaves_nothing_behind(toy: Toy) -> None:
    toy.build()
    toy.write("broken")
    with pytest.raises(FrontendError, match=r"(?s)previous build stays.*src/main\.ts is broken"):
        toy.build()
    assert toy.served() == "one"
    assert sorted(path.name for path in (toy.frontend / "node_modules").iterdir()) == [".package-lock.json"]
    toy.write("one")
    assert not toy.build()


def test_new_lock_file_installs_again(toy: Toy) -> None:
    toy.build()
    toy.lock("2.0.0")
    assert toy.build()
    assert [call.split()[0] for call in toy.installs()] == ["ci", "ci"]
    assert all("--ignore-scripts" in call and "--omit=dev" in call for call in toy.installs())


def test_developers_packages_are_used_and_never_removed(toy: Toy) -> None:
    developer_packages(toy.frontend, lambda _text: None, toy.find)
    toy.build()
    assert len(toy.installs()) == 1
    toy.lock("2.0.0")
    toy.build()
    assert len(toy.installs()) == 2
    assert not any("--omit=dev" in call for call in toy.installs())


def test_packages_for_building_are_not_enough_for_developers(toy: Toy) -> None:
    toy.build()
    developer_packages(toy.frontend, lambda _text: None, toy.find)
    assert len(toy.installs()) == 2


def test_folder_without_a_lock_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FrontendError, match=r"is the checkout whole\?"):
        build_frontend(tmp_path, lambda _text: None)


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v24.1.0"])
def test_node_that_vite_accepts(version: str) -> None:
    assert is_new_enough(version)


@pytest.mark.parametrize("version", ["v18.20.0", "v20.18.3", "v21.7.0", "v22.11.0", "", "nonsense"])
def test_node_that_vite_refuses(version: str) -> None:
    assert not is_new_enough(version)

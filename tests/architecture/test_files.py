"""Names and sizes of files, and what no file may hold."""

import re
from pathlib import Path

from tests.architecture.source import PLANES, PYTHON, ROOT

MOST_LINES = 400
HOMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "services"}
READ = ("py", "sql", "toml", "md", "yaml", "yml", "json", "txt", "graphql", "html", "css", "ts", "tsx")
BUILT = {"node_modules", "dist", "__pycache__", ".venv"}
DEVELOPERS_PATH = re.compile(
    r"(/home|/Users)/[a-z]\w+/|/(work|workspace|workspaces|repos)/|[A-Z]:\\\\?Users", re.MULTILINE
)
FOLDERS = (*PYTHON, "frontend")


def files(*folders: str, endings: tuple[str, ...] = ("py",)) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix.removeprefix(".") in endings and not BUILT.intersection(path.relative_to(ROOT).parts)
    ]


def test_no_python_file_is_longer_than_a_sitting() -> None:
    long = {str(p.relative_to(ROOT)): n for p in files(*PYTHON) if (n := len(p.read_text().splitlines())) > MOST_LINES}
    assert long == {}, "a longer file becomes a folder, split by verb"


def test_no_module_is_a_drawer_for_everything() -> None:
    homeless = [str(p.relative_to(ROOT)) for p in files(*PYTHON) if HOMELESS.intersection((p.stem, *p.parts))]
    assert homeless == [], (
        "a function is either business, then it has a domain, or it belongs to a named file of shared"
    )


def test_no_migration_makes_an_enum_type() -> None:
    """Cached plans break across schemas that each have a type of their own."""
    migrations = files(*PLANES, endings=("sql",))
    assert len(migrations) >= 3
    for path in migrations:
        statements = re.sub(r"--.*", "", path.read_text()).lower()
        assert not re.search(r"create\s+type|\benum\b", statements), path.name
        assert not re.search(r"\btimestamp\b(?!tz)|varchar|\bserial\b", statements), path.name


def test_no_file_names_a_developers_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files(*FOLDERS, endings=READ)
        if path != Path(__file__) and (match := DEVELOPERS_PATH.search(path.read_text(errors="replace")))
    ]
    assert found == []

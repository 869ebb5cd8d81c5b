"""The product's source as syntax trees, read once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLANES = ("control_plane", "tenant_plane")
PRODUCT = (*PLANES, "shared", "infra")
PYTHON = (*PRODUCT, "tests")
DOMAINS = {
    "control_plane": ("plans", "tenants", "quotas", "audit", "identity", "sso", "scim", "billing", "provisioning"),
    "tenant_plane": ("usage", "audit", "access", "impersonations", "alerts", "incidents", "ingest", "analytics"),
}
"""Lower ones first: a domain may ask those before it; the other direction is an event."""


@dataclass(frozen=True)
class Module:
    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        """Relative to the checkout, as a test's message shows it."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def parts(self) -> tuple[str, ...]:
        """Dotted name as a tuple; a package is named without ``__init__``."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    @property
    def domain(self) -> str | None:
        known = DOMAINS.get(self.parts[0], ())
        return self.parts[1] if len(self.parts) > 1 and self.parts[1] in known else None

    @property
    def layer(self) -> str | None:
        """``service`` for both ``service.py`` and ``service/group.py``."""
        return self.parts[2] if self.domain and len(self.parts) > 2 else None

    def imports(self) -> Iterator[tuple[str, ...]]:
        """Everything imported, also for type checkers only; a name from a module comes as the module and the name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (tuple(alias.name.split(".")) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}: relative imports hide where they point"
                yield from ((*(node.module or "").split("."), alias.name) for alias in node.names)

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Calls with the dotted text of what is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    return tuple(
        Module(path, ast.parse(path.read_text()))
        for folder in folders or PRODUCT
        for path in sorted((ROOT / folder).rglob("*.py"))
    )


def in_layers(*layers: str) -> list[Module]:
    return [module for module in modules(*PLANES) if module.layer in layers]


def module_file(parts: tuple[str, ...]) -> bool:
    """Whether these parts name a module or package, and not a name inside one."""
    path = ROOT.joinpath(*parts)
    return path.is_dir() or path.with_suffix(".py").is_file()

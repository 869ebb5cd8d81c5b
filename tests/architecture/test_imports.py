"""Imports point one way. Syntax trees only; nothing is imported to find out."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import DOMAINS, PLANES, PYTHON, ROOT, Module, module_file, modules

RANK = {
    "models": 0,
    "rules": 0,
    "ports": 1,
    "vault": 0,
    "errors": 1,
    "manifests": 1,
    "passwords": 2,
    "schemas": 2,
    "adapters": 3,
    "demo": 3,
    "discovery": 3,
    "queries": 3,
    "service": 4,
    "keys": 5,
    "tokens": 6,
    "moves": 6,
    "flows": 7,
    "protocol": 7,
    "rates": 7,
    "archive": 7,
    "batcher": 7,
    "planes": 7,
    "rest": 8,
    "graph": 8,
    "live": 8,
    "jobs": 8,
}
"""A file of a domain may import files of the same domain with a lower rank, or its own package."""
PUBLIC = {"service", "schemas", "errors", "rules"}
"""What a domain shows to the ones after it."""
SAME_LAYER = {"graph"}
"""A GraphQL type has edges to the types of lower domains."""
EXCEPTIONS = {("tenant_plane/incidents/queries.py", "tenant_plane.alerts.models")}
"""May only shrink. An incident's alerts are read in one joined statement."""
COMPOSITION = {"app", "paying", "placing", "worker", "internal", "settings", "__main__"}
"""The root of a plane: puts everything together, so nothing below may know it."""


def crossings() -> Iterator[tuple[str, str]]:
    """Imports of another domain of the same plane that are not through its public files."""
    for module in modules(*PLANES):
        for target in module.imports():
            if module.domain and _domain_of(target) not in (None, module.domain):
                layer = target[2] if len(target) > 2 else ""
                shared_layer = layer in SAME_LAYER and layer == module.layer
                if layer not in PUBLIC and not shared_layer:
                    yield module.name, ".".join(target[:3])


def _domain_of(target: tuple[str, ...]) -> str | None:
    known = DOMAINS.get(target[0], ())
    return target[1] if len(target) > 1 and target[1] in known else None


def test_another_domain_is_known_only_by_what_it_shows() -> None:
    assert set(crossings()) == EXCEPTIONS, "mend the new ones; take the mended ones off EXCEPTIONS"


def test_inside_a_domain_layers_point_down() -> None:
    wrong = [
        f"{module.name} imports {'.'.join(target)}"
        for module in modules(*PLANES)
        for target in module.imports()
        if module.layer
        and target[:2] == module.parts[:2]
        and len(target) > 2
        and target[2] != module.layer
        and RANK[target[2]] >= RANK[module.layer]
    ]
    assert wrong == []


def test_every_file_of_a_domain_has_a_rank() -> None:
    unknown = {module.name for module in modules(*PLANES) if module.layer and module.layer not in RANK}
    assert unknown == set(), "give it a place in RANK"


def test_domains_point_to_earlier_domains() -> None:
    wrong = [
        f"{module.name} imports {'.'.join(target)}"
        for module in modules(*PLANES)
        for target in module.imports()
        if module.domain and target[0] == module.parts[0] and _is_later(target, module.domain)
    ]
    assert wrong == []


def _is_later(target: tuple[str, ...], domain: str) -> bool:
    order, other = DOMAINS[target[0]], _domain_of(target)
    return other is not None and order.index(other) > order.index(domain)


def test_every_folder_of_a_plane_is_known() -> None:
    for plane in PLANES:
        folders = {path.name for path in (ROOT / plane).iterdir() if any(path.glob("*.py"))}
        assert folders - {"core", "adapters", "demo"} == set(DOMAINS[plane]), "give it a place in DOMAINS"


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("shared", {*PLANES, "infra", "tests"}),
        ("control_plane", {"tenant_plane", "infra", "tests"}),
        ("tenant_plane", {"control_plane", "infra", "tests"}),
        ("infra", {"tests"}),
    ],
)
def test_folders_know_only_what_is_below(folder: str, forbidden: set[str]) -> None:
    wrong = [
        f"{module.name} imports {'.'.join(target)}"
        for module in modules(folder)
        for target in module.imports()
        if target[0] in forbidden
    ]
    assert wrong == []


def test_core_knows_no_domain() -> None:
    wrong = [
        f"{module.name} imports {'.'.join(target)}"
        for module in modules(*PLANES)
        for target in module.imports()
        if module.parts[1:2] == ("core",) and _domain_of(target)
    ]
    assert wrong == []


def test_nothing_below_knows_the_composition_root() -> None:
    wrong = [
        f"{module.name} imports {'.'.join(target)}"
        for module in modules(*PLANES)
        for target in module.imports()
        if len(module.parts) > 2 and target[0] in PLANES and target[1] in COMPOSITION
    ]
    assert wrong == []


def test_adapters_of_a_plane_know_only_ports_errors_and_schemas() -> None:
    """They speak to the world outside for a port; they decide nothing."""
    wrong = [
        f"{module.name} imports {'.'.join(target)}"
        for module in modules(*PLANES)
        for target in module.imports()
        if module.parts[1:2] == ("adapters",)
        and _domain_of(target)
        and target[2] not in {"ports", "errors", "schemas", "rules"}
    ]
    assert wrong == []


def test_domain_packages_are_one_docstring() -> None:
    for plane, domains in DOMAINS.items():
        for domain in domains:
            path = ROOT / plane / domain / "__init__.py"
            tree = ast.parse(path.read_text())
            assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} does not say what the domain is"
            assert len(tree.body) == 1, f"{path.relative_to(ROOT)} has more than a docstring"


def test_imports_name_modules_that_exist() -> None:
    """The rules above read names; a name that is no module of ours would slip through them."""
    strangers = [
        f"{module.name} imports {'.'.join(target)}"
        for module in modules(*PYTHON)
        for target in module.imports()
        if target[0] in PYTHON and not module_file(target[:-1]) and not module_file(target)
    ]
    assert strangers == []


def test_the_rules_see_what_they_forbid() -> None:
    """A rule that finds nothing anywhere may be blind; these are known imports of each kind."""
    found = {(module.name, ".".join(target[:3])) for module in modules(*PLANES) for target in module.imports()}
    assert ("tenant_plane/incidents/service/respond.py", "tenant_plane.alerts.service") in found
    assert ("tenant_plane/incidents/graph.py", "tenant_plane.alerts.graph") in found
    assert Module(ROOT / "tenant_plane/incidents/service/group.py", ast.Module([], [])).layer == "service"

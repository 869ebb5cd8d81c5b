"""What a service function begins with, and what it never does. Read from the syntax tree."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import PLANES, ROOT, Module, in_layers, modules

DOORS = ("rest", "graph", "live", "jobs")
OPENERS = {"tenant_plane/core/tenancy.py", "control_plane/core/database.py"}
"""The only files that begin transactions for verbs."""
TRANSACTION_CONTROL = {"commit", "rollback", "begin", "begin_nested", "transaction", "savepoint"}
STAR = re.compile(r"\b(select|returning)\s+(\w+\.)?\*(?!\s*from\s+unnest\s*\()", re.IGNORECASE)
"""``select * from unnest(…) as t (a, b)`` names its columns itself and reads no table."""


def verbs() -> Iterator[tuple[Module, ast.AsyncFunctionDef]]:
    for module in in_layers("service"):
        for node in module.tree.body:
            if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
                yield module, node


def first_statement(verb: ast.AsyncFunctionDef) -> str:
    body = verb.body[1:] if ast.get_docstring(verb) else verb.body
    return ast.unparse(body[0])


def test_every_verb_first_asks_for_a_permission() -> None:
    allowed = re.compile(r"^(tx\.require|actor\.require)\(Permission\.[A-Z_]+\)$|^tx\.public\(\)$")
    wrong = [
        f"{module.name}:{verb.lineno} {verb.name} begins with: {first_statement(verb)}"
        for module, verb in verbs()
        if not allowed.match(first_statement(verb))
    ]
    assert wrong == []


def test_every_verb_takes_an_open_transaction_first() -> None:
    wrong = [
        f"{module.name}:{verb.lineno} {verb.name}"
        for module, verb in verbs()
        if not verb.args.args
        or verb.args.args[0].arg != "tx"
        or ast.unparse(verb.args.args[0].annotation or ast.Constant(None)) not in ("ReadTx", "WriteTx")
    ]
    assert wrong == []


def test_the_rule_sees_the_verbs() -> None:
    names = {verb.name for _, verb in verbs()}
    assert {"open_incident", "note_related", "ingest_alerts", "create_api_key", "request_tenant"} <= names


@pytest.mark.parametrize("plane", PLANES)
def test_every_permission_is_asked_for_somewhere(plane: str) -> None:
    """One that nothing asks for protects nothing."""
    tree = ast.parse((ROOT / plane / "core" / "permissions.py").read_text())
    declared = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == "Permission"
        for assignment in node.body
        if isinstance(assignment, ast.Assign)
        for target in assignment.targets
        if isinstance(target, ast.Name)
    }
    asked = {
        ast.unparse(call.args[0]).removeprefix("Permission.")
        for module in modules(plane)
        for name, call in module.calls()
        if name.endswith(".require") and call.args
    }
    assert declared and declared == asked


def test_only_the_openers_control_transactions() -> None:
    wrong = [
        f"{module.name}:{call.lineno} {name}()"
        for module in modules(*PLANES)
        for name, call in module.calls()
        if module.domain and name.rpartition(".")[2] in TRANSACTION_CONTROL
    ]
    assert wrong == []
    assert {m.name for m in modules(*PLANES) for name, _ in m.calls() if name == "session.begin"} == OPENERS


def test_verbs_and_queries_reach_nothing_outside() -> None:
    """No network while a transaction is open: a verb records an event, a job acts after the commit."""
    for module in in_layers("service", "queries"):
        roots = {target[0] for target in module.imports()}
        assert roots.isdisjoint({"httpx", "requests", "urllib", "socket", "smtplib", "aiohttp"}), module.name
        names = {name for name, _ in module.calls()}
        assert names.isdisjoint({"asyncpg.connect", "asyncpg.create_pool", "asyncio.sleep", "time.sleep"}), module.name
        assert not any(name.endswith(("utc_now", "datetime.now", "datetime.utcnow")) for name in names), module.name


def test_doors_speak_no_sql() -> None:
    for module in in_layers(*DOORS):
        roots = {target[0] for target in module.imports()}
        assert roots.isdisjoint({"sqlalchemy", "asyncpg"}), module.name
        called = {name.rpartition(".")[2] for name, _ in module.calls()}
        assert called.isdisjoint({"execute", "scalar", "scalars", "fetch", "fetchval", "fetchrow"}), module.name


def test_rules_are_pure() -> None:
    for module in in_layers("rules"):
        roots = {target[0] for target in module.imports()}
        assert roots.isdisjoint({"sqlalchemy", "asyncpg", "pydantic", "time", "random"}), module.name
        assert not any(isinstance(node, (ast.Await, ast.AsyncFunctionDef)) for node in ast.walk(module.tree))
        assert not any(name.endswith((".now", ".utcnow", "utc_now")) for name, _ in module.calls()), module.name


def test_schemas_know_no_sqlalchemy_and_models_no_pydantic() -> None:
    for layer, forbidden in (("schemas", "sqlalchemy"), ("models", "pydantic"), ("errors", "starlette")):
        for module in in_layers(layer):
            assert forbidden not in {target[0] for target in module.imports()}, module.name


def test_no_statement_selects_all_columns() -> None:
    """A cached plan breaks when two schemas differ by a column."""
    texts = [(module.name, module.path.read_text()) for module in modules(*PLANES, "shared")]
    texts += [(path.name, path.read_text()) for plane in PLANES for path in (ROOT / plane).rglob("*.sql")]
    # A comment may say what is forbidden.
    wrong = [name for name, text in texts if STAR.search(re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE))]
    assert wrong == []


def test_no_schema_is_chosen_past_tenancy() -> None:
    """The binding statement of core/tenancy.py is the only way into a tenant's schema."""
    for module in modules("tenant_plane"):
        text = ast.unparse(_without_docstrings(module.tree))
        assert "schema_translate_map" not in text, module.name
        assert not re.search(r"\bset\s+(session\s+|local\s+)?role\b", text, re.IGNORECASE), module.name
    setters = {m.name for m in modules("tenant_plane") if "set_config(" in m.path.read_text()}
    assert setters == {"tenant_plane/core/tenancy.py"}


def test_middleware_is_pure_asgi() -> None:
    names = {
        (module.name, ast.unparse(node))
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.Name, ast.Attribute, ast.alias))
    }
    assert not [name for name, text in names if "BaseHTTPMiddleware" in text]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    class Strip(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.AST:
            is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            return ast.Pass() if is_text else node

    stripped = Strip().visit(ast.parse(ast.unparse(tree)))
    assert isinstance(stripped, ast.Module)
    return stripped

"""The contracts as text: OpenAPI, GraphQL SDL, permissions, SQL schema. Committed under tests/contracts, reviewed as
diffs.
"""

import json
from pathlib import Path

from control_plane.core.permissions import ROLES as CONTROL_ROLES
from infra.local.options import ROOT
from infra.local.origin import document
from tenant_plane.app import schema
from tenant_plane.core.permissions import ROLES as TENANT_ROLES

FOLDER = ROOT / "tests" / "contracts"


def contracts() -> dict[str, str]:
    """File name to content; the same for the same code."""
    return {
        "openapi.json": json.dumps(document(), indent=1, ensure_ascii=False) + "\n",
        "schema.graphql": schema().as_str() + "\n",
        "permissions.txt": permissions(),
    }


def permissions() -> str:
    lines = ["plane    role         permission"]
    for plane, roles in (("control", CONTROL_ROLES), ("tenant", TENANT_ROLES)):
        for role, allowed in sorted(roles.items()):
            lines += [f"{plane:<8} {role:<12} {permission}" for permission in sorted(allowed)]
    return "\n".join(lines) + "\n"


def write_contracts(folder: Path = FOLDER) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, content in contracts().items():
        path = folder / name
        if not path.exists() or path.read_text() != content:
            path.write_text(content)
            changed.append(path)
    return changed

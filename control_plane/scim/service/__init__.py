"""The verbs of SCIM: ``tokens`` for admins, ``users`` for directories."""

from control_plane.scim.service.tokens import (
    create_token,
    delete_token,
    find_directory,
    forget_tenant,
    get_token,
    note_refusal,
    note_use,
)
from control_plane.scim.service.users import (
    create_user,
    delete_user,
    find_users,
    get_user,
    list_users,
    patch_user,
    replace_user,
)

__all__ = [
    "create_token",
    "create_user",
    "delete_token",
    "delete_user",
    "find_directory",
    "find_users",
    "forget_tenant",
    "get_token",
    "get_user",
    "list_users",
    "note_refusal",
    "note_use",
    "patch_user",
    "replace_user",
]

"""The control plane acting by itself: at start, in ticks, and for an operator at the command line."""

from control_plane.core.permissions import ROLES
from shared.tx import Actor

SYSTEM = Actor(id="system", kind="system", name="system", role="system", permissions=ROLES["system"])

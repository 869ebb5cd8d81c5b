"""Verbs that span several transactions: ``sessions`` around passwords, ``accounts`` around mail, ``impersonations``
around a tenant's plane.
"""

from control_plane.identity.flows.accounts import AccountFlows
from control_plane.identity.flows.impersonations import ImpersonationFlows
from control_plane.identity.flows.sessions import SessionFlows

__all__ = ["AccountFlows", "ImpersonationFlows", "SessionFlows"]

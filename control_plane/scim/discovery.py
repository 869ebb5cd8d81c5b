"""What this service says about itself: RFC 7644, section 4."""

from collections.abc import Sequence
from typing import Any

from scim2_models import (
    URI,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    Filter,
    ListResponse,
    Meta,
    Patch,
    Reference,
    ResourceType,
    Schema,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)

from control_plane.scim.rules import LARGEST_PAGE
from control_plane.scim.schemas import POLICY, PublishedUser

CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=LARGEST_PAGE),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=False),
    etag=ETag(supported=False),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="The tenant's SCIM token",
            description="Authorization: Bearer with the token that an admin of the tenant has made",
            primary=True,
        )
    ],
)
COLLECTIONS = ("ServiceProviderConfig", "ResourceTypes", "Schemas")
PROVIDER = ScimProvider(models=[PublishedUser], config=CONFIG, policy=POLICY)


def documents(base_url: str, parts: Sequence[str]) -> dict[str, Any] | None:
    """The document at a path below the prefix; None where there is none."""
    if list(parts) == ["ServiceProviderConfig"]:
        return _shown(CONFIG, "ServiceProviderConfig", f"{base_url}/ServiceProviderConfig")
    published: dict[str, tuple[str, Sequence[ResourceType | Schema]]] = {
        "ResourceTypes": ("ResourceType", PROVIDER.resource_types),
        "Schemas": ("Schema", PROVIDER.schemas),
    }
    collection = parts[0] if parts else ""
    if collection not in published or len(parts) > 2:
        return None
    kind, known = published[collection]
    shown = {str(one.id): _shown(one, kind, f"{base_url}/{collection}/{one.id}") for one in known}
    if len(parts) == 2:
        return shown.get(parts[1])
    answer = ListResponse[ResourceType | Schema](total_results=len(shown), start_index=1, items_per_page=len(shown))
    return {**answer.model_dump(), "Resources": list(shown.values())}


def _shown(resource: ServiceProviderConfig | ResourceType | Schema, kind: str, location: str) -> dict[str, Any]:
    meta = Meta(resource_type=kind, location=Reference[URI](location))
    return resource.model_copy(update={"meta": meta}).model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)

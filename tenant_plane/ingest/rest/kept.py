"""What could not go through a door: dead letters, and bodies that are held until the tenant may go on."""

from uuid import UUID

from shared.pages import Page, PageQuery
from shared.tx import ReadTx, WriteTx
from shared.web.operations import Api
from tenant_plane.ingest import service
from tenant_plane.ingest.errors import AlreadyReplayed, DeadLetterNotFound, StillUnreadable
from tenant_plane.ingest.schemas import DeadLetterRead, HeldRead, WebhookAnswer
from tenant_plane.usage.errors import LimitReached

api = Api(tag="ingest", kind="DeadLetter", plural="entries")


@api.get("/api/webhook/dead-letter")
async def list_dead_letters(tx: ReadTx, query: PageQuery) -> Page[DeadLetterRead]:
    """List bodies that could not be read, newest first."""
    return await service.list_dead_letters(tx, query)


@api.get("/api/webhook/held", kind="HeldPayload")
async def list_held(tx: ReadTx, query: PageQuery) -> Page[HeldRead]:
    """List bodies that were kept to be processed later, newest first, each with the reason."""
    return await service.list_held(tx, query)


@api.post(
    "/api/webhook/dead-letter/{letter_id}/replay",
    kind="WebhookAnswer",
    plural="items",
    errors=[DeadLetterNotFound, AlreadyReplayed, StillUnreadable, LimitReached],
)
async def replay_dead_letter(tx: WriteTx, letter_id: UUID) -> WebhookAnswer:
    """Read a dead letter again."""
    return WebhookAnswer.of(await service.replay_dead_letter(tx, letter_id))

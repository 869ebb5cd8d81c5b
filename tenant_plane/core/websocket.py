"""``/ws``: the browser's live stream. The first message is the credential; afterwards only the server speaks.

A browser can set no header on a WebSocket, and a token in the URL would reach logs; so it comes as the first message.
``?tenant_id=`` is what ``x-tenant-id`` is elsewhere: a gateway leads by it, and the credential must be that tenant's.
"""

import asyncio
import json
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from shared.errors import AppError
from tenant_plane.core.actors import Actors
from tenant_plane.core.live import Hub, Listener
from tenant_plane.core.tenancy import as_json

FIRST_MESSAGE_SECONDS = 10
PING_SECONDS = 20
UNAUTHORIZED, TRY_AGAIN = 4401, 1012


async def live(websocket: WebSocket) -> None:
    actors: Actors = websocket.app.state.actors
    hub: Hub = websocket.app.state.hub
    await websocket.accept()
    try:
        token = await asyncio.wait_for(_first_token(websocket), FIRST_MESSAGE_SECONDS)
        actor = await actors.of_socket(websocket, token)
    except (AppError, TimeoutError, ValueError, KeyError):
        await websocket.close(UNAUTHORIZED, "Send a valid token first.")
        return
    except WebSocketDisconnect:
        return
    async with hub.listen(actor, token) as listener:
        await websocket.send_text('{"type":"ready"}')
        await _serve(websocket, actors, hub, listener)


async def _first_token(websocket: WebSocket) -> str:
    message = _parse(await websocket.receive_text())
    if message.get("type") != "auth" or not isinstance(message.get("token"), str):
        raise ValueError("the first message must be the token")
    return str(message["token"])


async def _serve(websocket: WebSocket, actors: Actors, hub: Hub, listener: Listener) -> None:
    """Until the client leaves, the token expires, or the stream ends; whichever of the three comes first."""
    tasks = [
        asyncio.create_task(_send(websocket, listener)),
        asyncio.create_task(_receive(websocket, actors, listener)),
        asyncio.create_task(_keep_alive(websocket, hub, listener)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        codes = [task.result() for task in done if task.exception() is None]
        if (
            websocket.client_state is WebSocketState.CONNECTED
            and websocket.application_state is WebSocketState.CONNECTED
        ):
            await websocket.close(next((code for code in codes if code), TRY_AGAIN))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(websocket: WebSocket, listener: Listener) -> int:
    async for message in listener.messages():
        await websocket.send_text(as_json({"type": message.type, **message.body}))
    return TRY_AGAIN


async def _receive(websocket: WebSocket, actors: Actors, listener: Listener) -> int:
    """The only thing a client may say is a newer token of the same tenant."""
    try:
        while True:
            message = _parse(await websocket.receive_text())
            if message.get("type") == "auth" and isinstance(message.get("token"), str):
                actor = await actors.of_credential(message["token"])
                if actor.tenant != listener.actor.tenant:
                    return UNAUTHORIZED
                listener.actor, listener.credential = actor, message["token"]
    except (AppError, ValueError, KeyError):
        return UNAUTHORIZED
    except WebSocketDisconnect:
        return 0


async def _keep_alive(websocket: WebSocket, hub: Hub, listener: Listener) -> int:
    while True:
        await asyncio.sleep(PING_SECONDS)
        await hub.renew(listener)
        if listener.ended:
            return UNAUTHORIZED
        await websocket.send_text('{"type":"ping"}')


def _parse(text: str) -> dict[str, Any]:
    if len(text) > 16_384:
        raise ValueError("too long")
    try:
        message = json.loads(text)
    except RecursionError:
        raise ValueError("too deep") from None
    return message if isinstance(message, dict) else {}

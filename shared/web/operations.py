"""Operations: the signature of a handler is its contract.

A handler may take ``tx`` (its annotation, ReadTx or WriteTx, opens the transaction), ``actor`` (verified, without a
transaction), the names written in its path, ``query`` and ``body`` (Pydantic types), ``raw`` (the bytes), ``stream``
(the body as it comes, for what is too large to hold), ``if_match`` (the version a client last saw) and ``request``. It
returns what its annotation says. Routes (``rest.py``) and the
OpenAPI document (``openapi.py``) are both read from the same list.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

from shared.errors import AppError
from shared.tx import WriteTx

PATH_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
MAX_BODY_BYTES = 1024 * 1024
Access = Literal["signed-in", "public", "ingest"]
Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One endpoint. ``kind`` and ``plural`` name its things in the profiles ``k8s`` and ``bare``.

    ``other_statuses``: what it may answer instead of ``status``, with the same body (scope["answer_status"]).
    ``idempotent``: it honours Idempotency-Key; by default every signed-in POST with a WriteTx does. ``media_type``: of
    an answer that the handler makes itself, for the document. ``is_rate_limited`` False: its senders are known by a
    signature, come in bursts from a few addresses, and would only send again. ``key_field``: of a JSON body, for
    senders whose format carries the API key in it and who know no header.
    """

    method: str
    path: str
    handler: Handler
    status: int
    other_statuses: tuple[int, ...]
    tag: str
    kind: str
    plural: str
    access: Access
    profile: str
    errors: tuple[type[AppError], ...]
    max_body_bytes: int
    idempotent: bool
    is_rate_limited: bool
    media_type: str
    key_field: str | None
    hints: Mapping[str, Any]
    path_adapters: Mapping[str, TypeAdapter[Any]]
    query: type[BaseModel] | None
    body: TypeAdapter[Any] | None
    returns: TypeAdapter[Any] | None

    @property
    def id(self) -> str:
        return self.handler.__name__

    @property
    def writes(self) -> bool:
        return self.hints.get("tx") is WriteTx

    @property
    def takes_body(self) -> bool:
        """Whether the body is read before the handler runs; a ``stream`` is the handler's to read."""
        if "stream" in self.hints:
            return False
        return self.body is not None or "raw" in self.hints or self.method == "POST"

    @property
    def sort_key(self) -> tuple[tuple[bool, str], ...]:
        """Written segments before parameters, so ``/alerts/thresholds`` is never read as an alert's id."""
        return tuple(("{" in part, part) for part in self.path.split("/"))


@dataclass(kw_only=True)
class Api:
    """The endpoints of one domain."""

    tag: str
    kind: str = "Object"
    plural: str = "items"
    operations: list[Operation] = field(default_factory=list)

    def operation(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        other_statuses: Sequence[int] = (),
        access: Access = "signed-in",
        kind: str | None = None,
        plural: str | None = None,
        profile: str = "atlas",
        errors: Sequence[type[AppError]] = (),
        max_body_bytes: int = MAX_BODY_BYTES,
        idempotent: bool | None = None,
        is_rate_limited: bool | None = None,
        media_type: str = "application/json",
        key_field: str | None = None,
    ) -> Callable[[Handler], Handler]:
        named = PATH_PARAMETER.findall(path)
        known = {"tx", "actor", "request", "query", "body", "raw", "stream", "if_match", *named}

        def register(handler: Handler) -> Handler:
            hints = get_type_hints(handler, include_extras=True)
            parameters = set(inspect.signature(handler).parameters)
            if parameters - known or set(named) - parameters:
                raise TypeError(f"{handler.__qualname__}: parameters {sorted(parameters)} do not fit {path}")
            returned = hints.pop("return", None)
            self.operations.append(
                Operation(
                    method=method,
                    path=path,
                    handler=handler,
                    status=status,
                    other_statuses=tuple(other_statuses),
                    tag=self.tag,
                    kind=kind or self.kind,
                    plural=plural or self.plural,
                    access=access,
                    profile=profile,
                    errors=tuple(errors),
                    max_body_bytes=max_body_bytes,
                    idempotent=method == "POST" and access == "signed-in" and hints.get("tx") is WriteTx
                    if idempotent is None
                    else idempotent,
                    is_rate_limited=access != "ingest" if is_rate_limited is None else is_rate_limited,
                    media_type=media_type,
                    key_field=key_field,
                    hints=hints,
                    path_adapters={name: TypeAdapter(hints[name]) for name in named},
                    query=hints.get("query"),
                    body=TypeAdapter(hints["body"]) if "body" in hints else None,
                    returns=None if returned in (None, type(None), Response) else TypeAdapter(returned),
                )
            )
            return handler

        return register

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.operation("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.operation("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.operation("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.operation("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.operation("DELETE", path, **options)

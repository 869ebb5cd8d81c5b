"""A tenant plane in a process of its own, as a deployment runs it: uvicorn, uvloop, logs, worker.

Prints the port once connections are accepted. The parent (``plane.py``) ends it.
"""

import os
import socket

import httpx
import uvicorn

from shared import database
from shared.logs import configure_logs
from tenant_plane.app import create_app
from tenant_plane.ingest import batcher
from tenant_plane.settings import Settings


def main() -> None:
    configure_logs()
    batcher.MOST_IN_A_BATCH = int(os.environ.get("BENCH_MOST_IN_A_BATCH", batcher.MOST_IN_A_BATCH))
    database.MOST_TOUCHED = int(os.environ.get("BENCH_MOST_TOUCHED", database.MOST_TOUCHED))
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(_serve, factory=True, log_level="warning", access_log=False, server_header=False)
    # Never by ``fd``: uvicorn then takes it for a Unix socket, TCP_NODELAY stays off and every answer waits 40 ms.
    uvicorn.Server(config).run(sockets=[listening])


def _serve() -> object:
    # API keys are checked by the plane alone, so nobody plays the control plane here.
    control_plane = httpx.AsyncClient(base_url="http://127.0.0.1:9")
    app = create_app(Settings(), control_plane=control_plane, with_worker="BENCH_NO_WORKER" not in os.environ)
    if os.environ.get("BENCH_COUNT_ALONE"):
        app.state.edge.limiter.counts = None
    return app


if __name__ == "__main__":
    main()

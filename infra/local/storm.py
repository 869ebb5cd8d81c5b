"""The demo storm at the terminal: a progress bar while it is sent, a table of what became of it."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.local.replay import Result, demo_storm, send


async def replay_storm(base_url: str, api_key: str, console: Console) -> Result:
    requests = demo_storm()
    columns = (
        TextColumn("Replaying the storm"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[alerts]} alerts, {task.fields[incidents]} incidents"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("storm", total=len(requests), alerts=0, incidents=0)

        def show(result: Result) -> None:
            progress.update(task, completed=result.requests, alerts=result.alerts, incidents=len(result.incidents))

        result = await send(base_url, api_key, requests, show)
    console.print("What became of the storm", style="italic")
    console.print(table(result))
    return result


def table(result: Result) -> Table:
    shown = Table(box=None, pad_edge=False, show_header=False)
    shown.add_column(style="dim")
    shown.add_column(justify="right")
    for name, value in (
        ("alerts in", f"{result.alerts:,}"),
        ("duplicates", f"{result.duplicates:,}"),
        ("incidents", f"{len(result.incidents):,}"),
        ("compression", f"{result.compression:.1%}"),
        ("p50", f"{result.p50_ms:.1f} ms"),
        ("p95", f"{result.p95_ms:.1f} ms"),
    ):
        shown.add_row(name, value)
    if result.dead_letters:
        shown.add_row("dead letters", f"{result.dead_letters:,}")
    return shown

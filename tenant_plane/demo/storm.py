"""The storm: about 25 minutes of requests from acme's monitoring, the same for the same seed.

Senders behave as they do: a group is notified half a minute after its first alert, again while it lasts, each time
with all its alerts and with what ended since; a notification that timed out is sent twice; a synthetic check triggers
at every failed run; a script mails the same failure at every try. Most of what arrives is therefore repetition.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from pydantic import JsonValue

from tenant_plane.demo.acme import SERVICES, Rule, Watched
from tenant_plane.demo.senders import SentAlert, alertmanager_body, fingerprint, grafana_body, instant, pagerduty_body

STORY_SECONDS = 25 * 60
FAILOVER_SECONDS = 14 * 60

RequestPath = Literal["/api/webhook", "/api/alerts/webhook"]

_WORD_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class StormRequest:
    """One POST. `source` is for the X-Source header; `/api/alerts/webhook` needs none."""

    offset_seconds: float
    source: str
    path: RequestPath
    body: JsonValue
    story: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instance:
    """One alert of a rule: from when to when it fires, in seconds of the story."""

    rule: Rule
    labels: dict[str, str]
    starts: float
    ends: float | None


def storm(started_at: datetime, seed: int = 7) -> list[StormRequest]:
    """All requests in order of `offset_seconds`; alerts' times are `started_at` plus story time."""
    random = Random(seed)
    requests = [request for watched in SERVICES for request in _groups(watched, started_at, random)]
    requests += _synthetic_checks(started_at, random)
    requests += _backup_script(started_at, random)
    requests += _wifi_controller(started_at, random)
    return sorted(requests, key=lambda request: request.offset_seconds)


def _groups(watched: Watched, started_at: datetime, random: Random) -> Iterator[StormRequest]:
    """Alertmanager's and Grafana's notifications about one group, until all of it is over."""
    instances = [instance for rule in watched.rules for instance in _instances(watched, rule, random)]
    worst = max(watched.rules, key=lambda rule: rule.severity == "critical").summary
    told_until = 0.0
    at = min(instance.starts for instance in instances) + 30
    while at <= STORY_SECONDS:
        told = [
            instance
            for instance in instances
            if instance.starts <= at and (instance.ends is None or instance.ends > told_until)
        ]
        if told:
            yield (request := _notification(watched, told, started_at, at, worst, random))
            if random.random() < 0.05:
                yield StormRequest(
                    offset_seconds=round(at + random.uniform(2, 6), 3),
                    source=request.source,
                    path=request.path,
                    body=request.body,
                    story=f"{request.story} (sent again after a timeout)",
                )
        told_until = at
        at += watched.repeats * random.uniform(0.92, 1.08)


def _notification(
    watched: Watched, told: list[_Instance], started_at: datetime, at: float, worst: str, random: Random
) -> StormRequest:
    alerts = [_sent(instance, started_at, at, random) for instance in told]
    firing = sum(alert.ended_at is None for alert in alerts)
    story = f"{watched.service}: {worst}" if firing else f"{watched.service}: recovered"
    if watched.sender == "grafana":
        group = {"alertname": watched.rules[0].name, "service": watched.service}
        return StormRequest(
            offset_seconds=round(at, 3),
            source="grafana",
            path="/api/webhook",
            body=grafana_body(group, alerts),
            story=story,
        )
    group = {"namespace": watched.namespace, "service": watched.service}
    return StormRequest(
        offset_seconds=round(at, 3),
        source="alertmanager",
        path="/api/alerts/webhook",
        body=alertmanager_body(group, alerts),
        story=story,
    )


def _instances(watched: Watched, rule: Rule, random: Random) -> Iterator[_Instance]:
    places = rule.only or (range(1) if rule.alone else range(watched.instances))
    for order, place in enumerate(places):
        labels = {
            "alertname": rule.name,
            "severity": rule.severity,
            "service": watched.service,
            "team": watched.team,
            "cluster": "eu-west-1",
            "namespace": watched.namespace,
            "environment": watched.environment,
            **rule.extra,
        }
        if not rule.alone:
            labels |= _where(watched, place)
        share = order / len(places) * rule.spread
        ends = None if rule.ends is None or place in rule.stays else rule.ends + share + random.uniform(0, 20)
        yield _Instance(rule=rule, labels=labels, starts=rule.starts + share + random.uniform(0, 8), ends=ends)


def _where(watched: Watched, place: int) -> dict[str, str]:
    address = f"10.42.{len(watched.service)}.{20 + place}:{watched.port}"
    if watched.label == "partition":
        return {"partition": str(place)}
    if watched.label == "host":
        return {"host": f"ci-runner-{place + 7}", "instance": f"ci-runner-{place + 7}.acme.example:{watched.port}"}
    if watched.service.endswith("-db"):
        return {"pod": f"{watched.service}-{place}", "instance": address}
    mark = fingerprint({"service": watched.service})
    pod = fingerprint({"service": watched.service, "place": str(place)})
    return {"pod": f"{watched.service}-{mark[:9]}-{pod[:5]}", "instance": address}


def _sent(instance: _Instance, started_at: datetime, at: float, random: Random) -> SentAlert:
    rule = instance.rule
    ended = instance.ends is not None and instance.ends <= at
    low, worst = rule.value
    # It gets worse for four minutes and, after the failover, better in as many.
    risen = min(1.0, (at - instance.starts) / 240)
    fallen = min(1.0, max(0.0, (at - FAILOVER_SECONDS) / 240))
    share = max(0.05, risen - fallen) if instance.ends is not None else max(0.05, risen - 0.3 * fallen)
    value = low + (worst - low) * share * random.uniform(0.9, 1.0)
    return SentAlert(
        labels=instance.labels,
        annotations={
            "summary": rule.summary,
            "description": rule.told.format(value=value),
            "runbook_url": f"https://runbooks.example/{instance.labels['service']}/{_slug(rule.name)}",
        },
        started_at=_moment(started_at, instance.starts),
        ended_at=_moment(started_at, instance.ends) if ended and instance.ends is not None else None,
        expression=rule.expression,
        value=round(value, 3),
    )


def _synthetic_checks(started_at: datetime, random: Random) -> Iterator[StormRequest]:
    """A browser run per minute, check and place: trigger at each failure, one acknowledgement, a resolve at the end."""
    checks = (
        ("purchase flow", "checkout", "step 'Pay now' timed out after 30 s", 240, 1150),
        ("home page", "storefront", "HTTP 503 from https://shop.acme.example/", 290, 1130),
    )
    for check, service, failure, starts, ends in checks:
        for place in ("frankfurt", "dublin", "warsaw", "madrid"):
            key = f"synthetic/{_slug(check)}/{place}"
            at = starts + random.uniform(0, 50)
            last = ends + random.uniform(0, 40)
            seen = False
            while at < last:
                action = "acknowledge" if seen and place == "frankfurt" and 400 < at < 460 else "trigger"
                yield _pagerduty(
                    at,
                    pagerduty_body(
                        action=action,
                        key=key,
                        payload={
                            "summary": f"Synthetic check failed: {check} from {place}",
                            "source": f"synthetic-{place}.acme.example",
                            "severity": "critical" if service == "checkout" else "error",
                            "timestamp": instant(_moment(started_at, at - 4)),
                            "component": service,
                            "group": f"synthetics-{service}",
                            "class": "browser check",
                            "custom_details": {
                                "service": service,
                                "environment": "production",
                                "description": f"{failure}; {random.randint(2, 5)} of 5 assertions failed.",
                                "duration_ms": random.randint(28_000, 31_000),
                            },
                        },
                        link=f"https://runbooks.example/synthetics/{_slug(check)}",
                    ),
                    f"{service}: the {check} fails from {place}",
                )
                seen = True
                at += random.uniform(56, 64)
            yield _pagerduty(last, pagerduty_body(action="resolve", key=key), f"{service}: {check} works from {place}")


def _pagerduty(at: float, body: JsonValue, story: str) -> StormRequest:
    return StormRequest(offset_seconds=round(at, 3), source="pagerduty", path="/api/webhook", body=body, story=story)


def _backup_script(started_at: datetime, random: Random) -> Iterator[StormRequest]:
    """A cron job that posts what went wrong as plain JSON, at every try."""
    body: dict[str, JsonValue] = {
        "title": "orders-db base backup failed",
        "severity": "high",
        "source": "cron",
        "service": "orders-backup",
        "namespace": "shop",
        "environment": "production",
        "host": "backup-1.acme.example",
        "cluster": "eu-west-1",
        "url": "https://runbooks.example/orders-backup/base-backup-failed",
    }
    at = 320.0
    for attempt in range(1, 6):
        failure: dict[str, JsonValue] = {
            "status": "failed",
            "description": f"pg_basebackup: error: could not send replication command: canceling statement due to "
            f"statement timeout. Attempt {attempt} of 5, next one in 3m.",
            "timestamp": instant(_moment(started_at, at)),
            "exit_code": 1,
        }
        yield _script(at, body | failure, "orders-backup: the base backup fails")
        at += 180 + random.uniform(0, 6)
    success: dict[str, JsonValue] = {
        "status": "ok",
        "severity": "info",
        "description": "Base backup 214 GiB in 96 s from orders-db-1.",
        "timestamp": instant(_moment(started_at, at)),
    }
    yield _script(at, body | success, "orders-backup: the base backup works again")


def _script(at: float, body: JsonValue, story: str) -> StormRequest:
    return StormRequest(offset_seconds=round(at, 3), source="webhook", path="/api/webhook", body=body, story=story)


def _wifi_controller(started_at: datetime, random: Random) -> Iterator[StormRequest]:
    """Nobody's outage: an office access point that comes and goes, told by Zabbix."""
    at = 55.0
    for turn in range(6):
        down = turn % 2 == 0
        yield StormRequest(
            offset_seconds=round(at, 3),
            source="zabbix",
            path="/api/webhook",
            body={
                "name": "Access point unreachable by ICMP",
                "host": "ap-berlin-3f-02",
                "service": "office-wifi",
                "environment": "office",
                "severity": "Average",
                "status": "PROBLEM" if down else "RESOLVED",
                "message": "3 of 3 pings lost" if down else "ping answered in 4 ms",
                "timestamp": instant(_moment(started_at, at)),
                "url": "https://runbooks.example/office-wifi/access-point-unreachable",
            },
            story=f"office-wifi: an access point {'drops out' if down else 'is back'}",
        )
        at += random.uniform(150, 230)


def _moment(started_at: datetime, seconds: float) -> datetime:
    return started_at + timedelta(seconds=seconds)


def _slug(text: str) -> str:
    """What a rule or a check is called, as the last part of an address: "slo-error-budget-burn-fast"."""
    return _WORD_EDGE.sub("-", text).lower().replace(" ", "-")

"""A tenant with a past, written set-wise: as many alerts and incidents as a benchmark wants, spread as real ones are.

A few services make most of the noise; a seventh of the alerts still fires; the past is thirty days long.
"""

from dataclasses import dataclass

import asyncpg

SEVERITY = (
    "(array['critical','high','high','medium','medium','medium','low','low','info'])[1 + floor(random() * 9)::int]"
)
SERVICE = "'service-' || floor(60 * power(random(), 3))::int"
ALERTS = f"""
insert into alerts (id, fingerprint, source, name, description, severity, status, service, environment, labels,
    annotations, url, occurrences, first_seen_at, last_seen_at, starts_at, ends_at, incident_id, incident_reference,
    link_rule, link_reason)
select uuidv7(), 'print-' || n, (array['alertmanager', 'grafana', 'pagerduty', 'webhook'])[1 + n % 4],
    'HighLatency' || n % 200, 'The 99th percentile of the last five minutes was above the objective of the service.',
    {SEVERITY}, status, {SERVICE}, (array['production', 'production', 'staging'])[1 + n % 3],
    jsonb_build_object('alertname', 'HighLatency' || n % 200, 'instance', '10.0.' || n % 250 || '.7:9100',
        'job', 'node', 'team', 'team-' || n % 12, 'region', 'eu-central-1', 'check', n::text),
    jsonb_build_object('summary', 'Latency is above 800 ms', 'runbook_url', 'https://runbooks.example/latency'),
    'http://prometheus.example:9090/graph?g0.expr=latency', 1 + floor(20 * power(random(), 4))::int,
    seen - interval '1 hour', seen, seen - interval '1 hour', case status when 'resolved' then seen end,
    i.id, 'INC-' || lpad(i.number::text, 8, '0'), 'same_service_within_window',
    'Same service service-7 in production, 2 min 10 s after the last alert of it (window 10 min)'
from (
    select n, n * 7919 % $3::int as of_incident, now() - random() * interval '30 days' as seen,
        case when random() < 0.15 then 'firing' else 'resolved' end as status
    from generate_series($1::int, $2::int) as n
) as made
join (select id, number, row_number() over (order by number) - 1 as place from incidents) as i on i.place = of_incident
"""
INCIDENTS = f"""
insert into incidents (id, title, description, severity, status, source, service, environment, group_key, alert_count,
    firing_count, last_alert_at, created_at, updated_at, acknowledged_at, resolved_at)
select uuidv7(), 'HighLatency' || n % 200 || ': latency is above 800 ms on ' || service,
    'The 99th percentile of the last five minutes was above the objective of the service.', severity, status,
    'alertmanager', service, 'production', 'service:' || service || '|production', 1 + n % 30, 0, began, began,
    began + interval '20 minutes', case when status <> 'triggered' then began + interval '5 minutes' end,
    case when status in ('resolved', 'closed') then began + interval '20 minutes' end
from (
    select n, now() - (1 + $1::int - n) * interval '30 days' / $1::int as began, {SEVERITY} as severity,
        {SERVICE} as service,
        (array['triggered','acknowledged','investigating','resolved','resolved','resolved','resolved','closed',
            'closed','closed'])[1 + floor(random() * 10)::int] as status
    from generate_series(1, $1::int) as n
) as made
"""


@dataclass
class Filled:
    """``connection`` is the owner's, in the tenant's schema."""

    connection: asyncpg.Connection
    alerts: int = 0
    incidents: int = 0

    async def to_incidents(self, count: int) -> None:
        await self.connection.execute(INCIDENTS, count - self.incidents)
        self.incidents = count
        await self._settle()

    async def to_alerts(self, count: int) -> None:
        await self.connection.execute(ALERTS, self.alerts + 1, count, self.incidents)
        self.alerts = count
        await self._settle()

    async def _settle(self) -> None:
        """As autovacuum would have left it."""
        await self.connection.execute("vacuum (analyze) alerts")
        await self.connection.execute("vacuum (analyze) incidents")

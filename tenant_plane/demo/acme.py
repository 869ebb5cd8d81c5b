"""The cast of the storm: acme's services, what watches them, and when each rule of them fires.

Seconds count from the first symptom. The primary of the orders database loses its disk at 0; at 14 minutes the team
fails over to a replica, and from then on things recover in the order in which they depend on each other.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alerting rule and its part in the story. `{value}` in `told` is the measured value."""

    name: str
    severity: str
    summary: str
    told: str
    expression: str
    value: tuple[float, float]
    """Where the value stands when the alert begins, and at its worst."""
    starts: float
    ends: float | None
    spread: float = 60.0
    """Seconds over which its instances begin and end one after the other."""
    stays: tuple[int, ...] = ()
    """Instances (by place) that still fire when the story is over."""
    only: tuple[int, ...] = ()
    """The instances concerned; none named means all."""
    alone: bool = False
    """About the whole service: one alert without an instance."""
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A service with its rules; Alertmanager (or Grafana) notifies about it as one group."""

    service: str
    team: str
    rules: tuple[Rule, ...]
    instances: int = 0
    label: str = "pod"
    port: int = 8080
    sender: str = "alertmanager"
    namespace: str = "shop"
    environment: str = "production"
    repeats: float = 90.0
    """Seconds between two notifications of an unchanged group."""


def _errors(service: str, severity: str, starts: float, ends: float, worst: float = 34.0) -> Rule:
    return Rule(
        name="HttpErrorRateHigh",
        severity=severity,
        summary=f"{service} answers more than 5% of requests with 5xx",
        told="{value:.1f}% of requests over the last 2m ended in a 5xx (threshold 5%).",
        expression=f'100 * sum by (pod) (rate(http_requests_total{{service="{service}",code=~"5.."}}[2m])) '
        f'/ sum by (pod) (rate(http_requests_total{{service="{service}"}}[2m])) > 5',
        value=(6.2, worst),
        starts=starts,
        ends=ends,
    )


def _latency(service: str, severity: str, starts: float, ends: float, threshold: float, worst: float) -> Rule:
    return Rule(
        name="HttpLatencyP99High",
        severity=severity,
        summary=f"{service} p99 latency is above {threshold:g} s",
        told=f"p99 over the last 5m is {{value:.2f}} s (threshold {threshold:g} s).",
        expression="histogram_quantile(0.99, sum by (le, pod) "
        f'(rate(http_request_duration_seconds_bucket{{service="{service}"}}[5m]))) > {threshold:g}',
        value=(threshold * 1.1, worst),
        starts=starts,
        ends=ends,
    )


def _pool(service: str, starts: float, ends: float) -> Rule:
    return Rule(
        name="DbConnectionPoolExhausted",
        severity="critical",
        summary=f"{service} has no free connection to orders-db",
        told="{value:.0f} threads have waited over 1m for a connection of pool orders (hikaricp_connections_pending).",
        expression=f'hikaricp_connections_pending{{service="{service}",pool="orders"}} > 20',
        value=(22, 180),
        starts=starts,
        ends=ends,
        extra={"pool": "orders"},
    )


SERVICES: tuple[Watched, ...] = (
    Watched(
        service="orders-db",
        team="data-platform",
        instances=3,
        port=9187,
        rules=(
            Rule(
                name="PostgresDiskWriteLatencyHigh",
                severity="critical",
                summary="Write latency of the orders-db primary's volume is above 50 ms",
                told="Writes to nvme1n1 took {value:.0f} ms on average over 2m (threshold 50 ms, usual 0.6 ms).",
                expression='1000 * rate(node_disk_write_time_seconds_total{device="nvme1n1"}[2m]) '
                '/ rate(node_disk_writes_completed_total{device="nvme1n1"}[2m]) > 50',
                value=(61, 840),
                starts=20,
                ends=None,
                only=(0,),
                stays=(0,),
                extra={"device": "nvme1n1", "role": "primary"},
            ),
            Rule(
                name="PostgresCommitLatencyHigh",
                severity="critical",
                summary="Commits on orders-db take longer than 500 ms",
                told="p95 commit latency is {value:.0f} ms (threshold 500 ms); most backends wait on IO/WALSync.",
                expression="pg_commit_latency_p95_milliseconds > 500",
                value=(620, 4800),
                starts=45,
                ends=965,
                only=(0,),
                extra={"role": "primary"},
            ),
            Rule(
                name="PostgresConnectionsNearLimit",
                severity="high",
                summary="orders-db uses more than 90% of max_connections",
                told="{value:.0f} of 400 connections are in use, most of them idle in transaction.",
                expression="sum by (pod) (pg_stat_activity_count) / pg_settings_max_connections > 0.9",
                value=(364, 400),
                starts=110,
                ends=1000,
                only=(0,),
            ),
            Rule(
                name="PostgresReplicationLagHigh",
                severity="high",
                summary="An orders-db replica is more than 30 s behind",
                told="Replay lag is {value:.0f} s (threshold 30 s).",
                expression="pg_replication_lag_seconds > 30",
                value=(34, 310),
                starts=190,
                ends=1040,
                only=(1, 2),
            ),
            Rule(
                name="PostgresLongRunningTransaction",
                severity="warning",
                summary="A transaction on orders-db has been open for over 2m",
                told="The oldest transaction is {value:.0f} s old (threshold 120 s).",
                expression='max by (pod) (pg_stat_activity_max_tx_duration{state="active"}) > 120',
                value=(124, 660),
                starts=250,
                ends=950,
                only=(0,),
            ),
        ),
    ),
    Watched(
        service="orders-api",
        team="orders",
        instances=8,
        rules=(
            _pool("orders-api", 75, 1010),
            _latency("orders-api", "high", 95, 1060, 1.5, 11.8),
            _errors("orders-api", "critical", 130, 1050, 61),
            Rule(
                name="KubePodNotReady",
                severity="warning",
                summary="An orders-api pod has failed its readiness probe for 2m",
                told="GET /readyz has failed {value:.0f} times in a row: HikariPool-1 - Connection is not available.",
                expression='min_over_time(kube_pod_status_ready{condition="true",namespace="shop"}[2m]) == 0',
                value=(12, 60),
                starts=240,
                ends=1030,
                only=(0, 2, 3, 5, 7),
            ),
        ),
    ),
    Watched(
        service="payments-api",
        team="payments",
        instances=6,
        rules=(
            _pool("payments-api", 120, 1025),
            _latency("payments-api", "high", 150, 1070, 2, 14.5),
            _errors("payments-api", "critical", 200, 1065, 42),
        ),
    ),
    Watched(
        service="checkout",
        team="checkout",
        instances=6,
        rules=(
            _latency("checkout", "high", 165, 1110, 2.5, 18.2),
            _errors("checkout", "critical", 195, 1100, 55),
            Rule(
                name="CheckoutConversionDrop",
                severity="critical",
                summary="Completed checkouts are below half of last week's",
                told="{value:.0f}% of the completions of the same minutes last week (threshold 50%).",
                expression="100 * sum(rate(checkout_completed_total[5m])) "
                "/ sum(rate(checkout_completed_total[5m] offset 1w)) < 50",
                value=(47, 8),
                starts=330,
                ends=1180,
                alone=True,
            ),
        ),
    ),
    Watched(
        service="cart",
        team="checkout",
        instances=5,
        rules=(
            _latency("cart", "high", 210, 1085, 1, 6.4),
            Rule(
                name="CartReservationFailures",
                severity="high",
                summary="cart can't reserve stock for more than 2% of additions",
                told="{value:.1f}% of reservations failed with deadline exceeded (threshold 2%).",
                expression='100 * sum by (pod) (rate(cart_reservations_total{result="failed"}[2m])) '
                "/ sum by (pod) (rate(cart_reservations_total[2m])) > 2",
                value=(2.6, 27),
                starts=260,
                ends=1095,
            ),
        ),
    ),
    Watched(
        service="inventory",
        team="orders",
        instances=4,
        rules=(_latency("inventory", "warning", 285, 1075, 1, 4.1),),
    ),
    Watched(
        service="storefront",
        team="web",
        instances=6,
        rules=(
            _errors("storefront", "high", 225, 1120, 22),
            Rule(
                name="SLOErrorBudgetBurnFast",
                severity="critical",
                summary="storefront burns its availability budget 14.4 times too fast",
                told="Burn rate {value:.1f} over 1h and 5m (threshold 14.4, SLO 99.9% in 30d).",
                expression="slo:sli_error:ratio_rate1h > 14.4 * 0.001 and slo:sli_error:ratio_rate5m > 14.4 * 0.001",
                value=(15.1, 96),
                starts=300,
                ends=1230,
                alone=True,
                extra={"slo": "storefront-availability", "window": "1h"},
            ),
            Rule(
                name="SLOErrorBudgetBurnSlow",
                severity="high",
                summary="storefront burns its availability budget 6 times too fast",
                told="Burn rate {value:.1f} over 6h and 30m (threshold 6, SLO 99.9% in 30d).",
                expression="slo:sli_error:ratio_rate6h > 6 * 0.001 and slo:sli_error:ratio_rate30m > 6 * 0.001",
                value=(6.3, 11.2),
                starts=480,
                ends=None,
                alone=True,
                stays=(0,),
                extra={"slo": "storefront-availability", "window": "6h"},
            ),
        ),
    ),
    Watched(
        service="mobile-gateway",
        team="mobile",
        instances=6,
        port=9901,
        rules=(
            Rule(
                name="UpstreamTimeouts",
                severity="high",
                summary="mobile-gateway times out on its upstream orders-api",
                told="{value:.0f} upstream request timeouts per minute (threshold 30).",
                expression='60 * rate(envoy_cluster_upstream_rq_timeout{envoy_cluster_name="orders-api"}[2m]) > 30',
                value=(38, 720),
                starts=180,
                ends=1090,
                extra={"upstream": "orders-api"},
            ),
            Rule(
                name="CircuitBreakerOpen",
                severity="warning",
                summary="mobile-gateway has opened its circuit breaker for orders-api",
                told="Open for {value:.0f} s of the last 5m.",
                expression="envoy_cluster_circuit_breakers_default_rq_open == 1",
                value=(40, 300),
                starts=290,
                ends=1070,
                extra={"upstream": "orders-api"},
            ),
        ),
    ),
    Watched(
        service="order-events",
        team="orders",
        instances=8,
        label="partition",
        sender="grafana",
        rules=(
            Rule(
                name="Order events queue depth",
                severity="high",
                summary="More than 50,000 order events wait in a partition",
                told="{value:.0f} messages wait (threshold 50,000).",
                expression='kafka_consumergroup_lag{topic="order-events"} > 50000',
                value=(52_000, 410_000),
                starts=270,
                ends=1330,
                spread=90,
                stays=(3, 6),
                extra={"topic": "order-events", "consumergroup": "fulfilment"},
            ),
        ),
    ),
    Watched(
        service="notifications",
        team="growth",
        instances=3,
        rules=(
            Rule(
                name="EmailQueueAgeHigh",
                severity="warning",
                summary="Order confirmations wait longer than 5m",
                told="The oldest confirmation is {value:.0f} s old (threshold 300 s).",
                expression='max by (pod) (mail_queue_oldest_seconds{queue="order-confirmation"}) > 300',
                value=(305, 940),
                starts=540,
                ends=1290,
                extra={"queue": "order-confirmation"},
            ),
        ),
    ),
    Watched(
        service="build-runners",
        team="developer-platform",
        instances=2,
        label="host",
        port=9100,
        namespace="ci",
        environment="ci",
        repeats=210,
        rules=(
            Rule(
                name="NodeFilesystemAlmostOutOfSpace",
                severity="warning",
                summary="A build runner's disk is more than 90% full",
                told="/var/lib/docker has {value:.1f}% free (threshold 10%).",
                expression='100 * node_filesystem_avail_bytes{mountpoint="/var/lib/docker"} '
                '/ node_filesystem_size_bytes{mountpoint="/var/lib/docker"} < 10',
                value=(9.4, 6.1),
                starts=35,
                ends=None,
                stays=(0, 1),
                extra={"mountpoint": "/var/lib/docker"},
            ),
        ),
    ),
    Watched(
        service="edge-gateway",
        team="platform",
        repeats=205,
        namespace="edge",
        rules=(
            Rule(
                name="CertificateExpiresSoon",
                severity="low",
                summary="The certificate of returns.acme.example expires in under 21 days",
                told="It expires in {value:.1f} days; the ACME order fails with a DNS-01 timeout.",
                expression="(certmanager_certificate_expiration_timestamp_seconds - time()) / 86400 < 21",
                value=(20.9, 20.9),
                starts=70,
                ends=None,
                alone=True,
                stays=(0,),
                extra={"certificate": "returns-acme-example-tls"},
            ),
        ),
    ),
)

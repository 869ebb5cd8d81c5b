"""The doors that senders knock at: ``webhooks`` of ours, ``pagerduty`` and ``incidentio`` as theirs are, and ``kept``
for what could not go through.
"""

from tenant_plane.ingest.rest import incidentio, kept, pagerduty, webhooks

__all__ = ["operations"]

operations = [
    *webhooks.api.operations,
    *pagerduty.api.operations,
    *incidentio.api.operations,
    *kept.api.operations,
]

import { IconArrowLeft, IconCopy } from '@tabler/icons-react';
import { useCanGoBack, useRouter } from '@tanstack/react-router';
import type { Incident } from '../../api/types';
import { useNow } from '../../ui/now';
import { SeverityBadge } from '../../ui/SeverityBadge';
import { StatusRing } from '../../ui/StatusRing';
import { Age, Moment } from '../../ui/Time';
import { tell, tellFailure } from '../../ui/toasts';
import { IncidentActions } from './IncidentActions';

export function IncidentHeader({ incident }: { incident: Incident }) {
  const router = useRouter();
  const canGoBack = useCanGoBack();
  const now = useNow(10_000);
  const snoozed =
    incident.snoozed_until && Date.parse(incident.snoozed_until) > now ? incident.snoozed_until : null;

  const goBack = () => {
    if (canGoBack) {
      router.history.back();
    } else {
      void router.navigate({ to: '/incidents' });
    }
  };
  const copyLink = async () => {
    try {
      await navigator.clipboard.writeText(`${location.origin}/incidents/${incident.reference}`);
      tell(`Link to ${incident.reference} copied`);
    } catch {
      tellFailure('The browser did not allow copying. Copy the address from the address bar.');
    }
  };

  return (
    <div className="incident-head">
      <button type="button" className="btn ghost square" aria-label="Back to the list" onClick={goBack}>
        <IconArrowLeft size={16} stroke={1.6} aria-hidden />
      </button>
      <div className="incident-facts">
        <div className="row incident-line">
          <SeverityBadge severity={incident.severity} />
          <StatusRing status={incident.status} />
          <button
            type="button"
            className="btn ghost mono"
            aria-label={`Copy link to ${incident.reference}`}
            title="Copy link"
            onClick={copyLink}
          >
            {incident.reference}
            <IconCopy size={14} stroke={1.6} aria-hidden />
          </button>
          <span className="muted">{incident.assignee ?? 'Nobody yet'}</span>
          <span className="muted">
            opened <Age since={incident.created_at} /> ago
          </span>
          {snoozed && (
            <span className="warn">
              Snoozed until <Moment at={snoozed} />
            </span>
          )}
        </div>
        <h1 dir="auto" title={incident.title}>
          {incident.title}
        </h1>
      </div>
      <IncidentActions incident={incident} />
    </div>
  );
}

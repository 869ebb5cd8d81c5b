import './incident.css';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { asApiError } from '../../api/errors';
import type { Incident } from '../../api/types';
import { usePermissionsPending } from '../../app/permissions';
import { useSession } from '../../app/session';
import { NotFound } from '../../ui/NotFound';
import { PanelBoundary } from '../../ui/PanelBoundary';
import { Failed, Loading, SkeletonRows } from '../../ui/states';
import { usePageTitle } from '../../ui/usePageTitle';
import { AlertsPanel } from './AlertsPanel';
import { DetailsPanel } from './DetailsPanel';
import { IncidentHeader } from './IncidentHeader';
import { incidentQuery } from './incidentQueries';
import { TimelinePanel } from './TimelinePanel';

const route = getRouteApi('/tenant/incidents/$ref');

export function IncidentPage() {
  const { ref } = route.useParams();
  const { data, error, isPending, refetch } = useQuery(incidentQuery(ref));
  const known = asApiError(error);
  // The head is as wide as the moves that a person may make: it waits for them, so that nothing shifts.
  const permissionsPending = usePermissionsPending();
  if (data && !permissionsPending) {
    return <LoadedIncident incident={data} reference={ref} />;
  }
  if (isPending || data) {
    return (
      <>
        <h1 className="visually-hidden">Incident {ref}</h1>
        <Loading label={`incident ${ref}`}>
          <SkeletonRows rows={3} height={32} />
          <SkeletonRows rows={10} height={40} />
        </Loading>
      </>
    );
  }
  if (known.status === 404 || known.status === 422) {
    return <NotFound />;
  }
  return (
    <>
      <h1 className="visually-hidden">Incident {ref}</h1>
      <Failed what={`Incident ${ref}`} error={error} stillWorks="The list still works." onRetry={refetch} />
    </>
  );
}

function LoadedIncident({ incident, reference }: { incident: Incident; reference: string }) {
  const { user } = useSession();
  usePageTitle(`${incident.reference} ${incident.title}`, user?.tenant_name);
  return (
    <div className="incident-page">
      <IncidentHeader incident={incident} />
      <div className="incident-body" tabIndex={0} role="region" aria-label="Incident details">
        <div className="incident-main">
          {incident.description && (
            <p className="incident-description" dir="auto">
              {incident.description}
            </p>
          )}
          <PanelBoundary what="Alerts">
            <AlertsPanel reference={reference} expected={incident.alert_count} />
          </PanelBoundary>
          <PanelBoundary what="Timeline">
            <TimelinePanel incident={incident} reference={reference} />
          </PanelBoundary>
        </div>
        <PanelBoundary what="Details">
          <DetailsPanel incident={incident} reference={reference} />
        </PanelBoundary>
      </div>
    </div>
  );
}

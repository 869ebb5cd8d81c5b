import { useQuery } from '@tanstack/react-query';
import type { Plan } from '../../../api/types';
import { Dialog } from '../../../ui/Dialog';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { limitValue, limitWords } from '../limits';
import { fetchVersions, previewPlan, price } from './plansApi';

/** All versions, and who would exceed the newest if moved to it. */
export function PlanVersions({ plan, onClose }: { plan: Plan; onClose: () => void }) {
  const versions = useQuery({
    queryKey: ['plans', plan.name, 'versions'],
    queryFn: ({ signal }) => fetchVersions(plan.name, signal),
  });
  const preview = useQuery({
    queryKey: ['plans', plan.name, 'preview', plan.version],
    queryFn: () => previewPlan(plan.name, plan.version, null),
  });
  return (
    <Dialog title={`Versions of ${plan.name}`} onClose={onClose} width={680}>
      {versions.isPending && (
        <Loading label="versions">
          <SkeletonRows rows={3} height={36} />
        </Loading>
      )}
      {versions.error && <Failed what="Versions" error={versions.error} onRetry={versions.refetch} />}
      {versions.data && (
        <div className="control-scroll" tabIndex={0} role="region" aria-label="Version table">
          <table className="control-table">
            <thead>
              <tr>
                <th scope="col">Version</th>
                <th scope="col">Since</th>
                <th scope="col">People</th>
                <th scope="col">Events a month</th>
                <th scope="col">Price</th>
              </tr>
            </thead>
            <tbody>
              {versions.data.map((version) => (
                <tr key={version.version}>
                  <th scope="row">{version.version}</th>
                  <td>
                    <Moment at={version.created_at} />
                  </td>
                  <td className="num">{limitValue(version.limits.users ?? null)}</td>
                  <td className="num">{limitValue(version.limits.events_per_month ?? null)}</td>
                  <td className="num">{price(version)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {preview.error && <Failed what="The preview" error={preview.error} onRetry={preview.refetch} />}
      {preview.data && (
        <section aria-label="Who would exceed the newest version">
          <h3>Moving everybody to version {plan.version}</h3>
          {preview.data.items.length === 0 ? (
            <p className="hint">
              None of the {preview.data.checked.toLocaleString('en')} tenants of this plan would exceed a
              limit.
            </p>
          ) : (
            <ul>
              {preview.data.items.map((tenant) => (
                <li key={tenant.tenant_id}>
                  <b dir="auto">{tenant.name}</b>{' '}
                  {tenant.exceeds
                    .map(
                      (limit) =>
                        `${limitWords(limit.limit_name).toLowerCase()} ${limit.used.toLocaleString('en')} of ${limit.limit.toLocaleString('en')}`,
                    )
                    .join(', ')}
                </li>
              ))}
            </ul>
          )}
        </section>
      )}
    </Dialog>
  );
}

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { Plan } from '../../../api/types';
import { Dialog } from '../../../ui/Dialog';
import { plural } from '../../../ui/plural';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { limitInSentence, limitValue, limitWords } from '../limits';
import { LIMITS } from './planLimits';
import { fetchVersions, previewPlan, price } from './plansApi';

/** All versions, and who would exceed the newest if moved to it. */
export function PlanVersions({ plan, onClose }: { plan: Plan; onClose: () => void }) {
  const versions = useQuery({
    queryKey: ['plans', plan.name, 'versions'],
    queryFn: ({ signal }) => fetchVersions(plan.name, signal),
  });
  const preview = useInfiniteQuery({
    queryKey: ['plans', plan.name, 'preview', plan.version],
    queryFn: ({ pageParam }) => previewPlan(plan.name, plan.version, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const checked = preview.data?.pages.reduce((sum, page) => sum + page.checked, 0) ?? 0;
  const exceeding = preview.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Dialog title={`Versions of ${plan.name}`} onClose={onClose} width={940}>
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
                {LIMITS.map((limit) => (
                  <th key={limit} scope="col" className="amount">
                    {limitWords(limit)}
                  </th>
                ))}
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
                  {LIMITS.map((limit) => (
                    <td key={limit} className="num amount">
                      {limitValue(version.limits[limit] ?? null)}
                    </td>
                  ))}
                  <td className="num">{price(version)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {preview.error && <Failed what="The preview" error={preview.error} onRetry={preview.refetch} />}
      {preview.data && (
        <section className="plan-preview" aria-label="Who would exceed the newest version">
          <h3>
            If everybody on {plan.name} moved to version {plan.version}
          </h3>
          {exceeding.length === 0 ? (
            <p className="hint">None of the {plural(checked, 'tenant')} looked at would exceed a limit.</p>
          ) : (
            <>
              <p className="hint">
                {exceeding.length.toLocaleString('en')} of the {plural(checked, 'tenant')} looked at would
                exceed it. Nothing is taken away, but no more can be created.
              </p>
              <ul>
                {exceeding.map((tenant) => (
                  <li key={tenant.tenant_id}>
                    <b dir="auto">{tenant.name}</b>:{' '}
                    {tenant.exceeds
                      .map(
                        (limit) =>
                          `${limitInSentence(limit.limit_name)} ${limit.used.toLocaleString('en')} of ${limit.limit.toLocaleString('en')}`,
                      )
                      .join(', ')}
                  </li>
                ))}
              </ul>
            </>
          )}
          {preview.hasNextPage && (
            <button
              type="button"
              className="btn"
              aria-disabled={preview.isFetchingNextPage}
              onClick={() => void preview.fetchNextPage()}
            >
              Look at more tenants
            </button>
          )}
        </section>
      )}
    </Dialog>
  );
}

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, remove } from '../../../api/client';
import type { LimitUsage, Usage } from '../../../api/types';
import { Meter } from '../../../ui/Meter';
import { Spark } from '../../../ui/Spark';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { tell, tellFailure } from '../../../ui/toasts';
import { limitValue, limitWords } from '../limits';
import { RaiseLimitDialog } from './RaiseLimitDialog';

/** Each limit with what is used of it, thirty days of it, and when it will be reached. */
export function UsagePanel({ tenantId }: { tenantId: string }) {
  const client = useQueryClient();
  const [raising, setRaising] = useState<LimitUsage | null>(null);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['tenant', tenantId, 'usage'],
    queryFn: ({ signal }) => get<Usage>(`/api/tenants/${tenantId}/usage`, {}, signal),
  });
  const takeBack = async (limit: LimitUsage) => {
    try {
      await remove(`/api/tenants/${tenantId}/limits/${limit.override?.limit_id}`);
      tell(`${limitWords(limit.limit_name)}: the plan's limit counts again`);
      await client.invalidateQueries({ queryKey: ['tenant', tenantId] });
    } catch {
      tellFailure('The limit could not be taken back.');
    }
  };
  if (isPending) {
    return (
      <Loading label="usage">
        <SkeletonRows rows={6} height={36} />
      </Loading>
    );
  }
  if (!data) {
    return <Failed what="Usage" error={error} onRetry={refetch} />;
  }
  return (
    <section className="panel control-panel" aria-label="Usage and limits">
      <p className="usage-note hint">
        {data.reported_at ? (
          <>
            As of <Moment at={data.reported_at} />
          </>
        ) : (
          'The plane of this tenant has not reported yet.'
        )}
        {data.held > 0 && ` ${data.held.toLocaleString('en')} payloads are kept and wait to be processed.`}
      </p>
      <div className="control-scroll" tabIndex={0} role="region" aria-label="Limits">
        <table className="control-table">
          <thead>
            <tr>
              <th scope="col">Limit</th>
              <th scope="col">Used</th>
              <th scope="col">30 days</th>
              <th scope="col">Reached</th>
              <th scope="col">Plan says</th>
              <th scope="col">
                <span className="visually-hidden">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((limit) => (
              <tr key={limit.limit_name}>
                <th scope="row">{limitWords(limit.limit_name)}</th>
                <td>
                  {limit.used === null ? (
                    limitValue(limit.limit)
                  ) : (
                    <Meter label={limitWords(limit.limit_name)} used={limit.used} limit={limit.limit} />
                  )}
                </td>
                <td>
                  {limit.trend.length > 1 && (
                    <Spark
                      label={`${limitWords(limit.limit_name)} in the last 30 days`}
                      values={limit.trend.map((day) => day.amount)}
                    />
                  )}
                </td>
                <td>{limit.projected_hit_at ? <Moment at={limit.projected_hit_at} /> : '–'}</td>
                <td className="num">
                  {limitValue(limit.plan_limit)}
                  {limit.override && (
                    <span className="hint">
                      {' '}
                      raised to {limitValue(limit.override.value)}
                      {limit.override.ends_at && (
                        <>
                          {' until '}
                          <Moment at={limit.override.ends_at} />
                        </>
                      )}
                    </span>
                  )}
                </td>
                <td>
                  <span className="row">
                    <button type="button" className="btn" onClick={() => setRaising(limit)}>
                      Set {limitWords(limit.limit_name).toLowerCase()}
                    </button>
                    {limit.override && (
                      <button type="button" className="btn ghost" onClick={() => void takeBack(limit)}>
                        Take back
                      </button>
                    )}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {raising && <RaiseLimitDialog tenantId={tenantId} limit={raising} onClose={() => setRaising(null)} />}
    </section>
  );
}

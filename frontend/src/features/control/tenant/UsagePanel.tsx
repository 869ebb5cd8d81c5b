import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, remove } from '../../../api/client';
import type { LimitUsage, Tenant, Usage } from '../../../api/types';
import { Meter } from '../../../ui/Meter';
import { Problem } from '../../../ui/Problem';
import { Spark } from '../../../ui/Spark';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { limitInSentence, limitMeaning, limitValue, limitWords } from '../limits';
import { RaiseLimitDialog } from './RaiseLimitDialog';

/** Each limit with what is used of it, thirty days of it, and when it will be reached. */
export function UsagePanel({ tenant }: { tenant: Tenant }) {
  const tenantId = tenant.tenant_id;
  const may = tenant.state !== 'gone';
  const client = useQueryClient();
  const [raising, setRaising] = useState<LimitUsage | null>(null);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['tenant', tenantId, 'usage'],
    queryFn: ({ signal }) => get<Usage>(`/api/tenants/${tenantId}/usage`, {}, signal),
  });
  const action = useAction();
  const takeBack = (limit: LimitUsage) =>
    void action.run(async () => {
      await remove(`/api/tenants/${tenantId}/limits/${limit.override?.limit_id}`);
      await client.invalidateQueries({ queryKey: ['tenant', tenantId] });
      tell(`${limitWords(limit.limit_name)}: the plan's limit counts again`);
    });
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
      <Problem what="The limit was not taken back" problem={action.problem} />
      <div className="control-scroll" tabIndex={0} role="region" aria-label="Limits">
        <table className="control-table">
          <thead>
            <tr>
              <th scope="col">Limit</th>
              <th scope="col">Used</th>
              <th scope="col">30 days</th>
              <th scope="col">Full at this rate</th>
              <th scope="col">Plan</th>
              <th scope="col">Counts instead</th>
              <th scope="col">
                <span className="visually-hidden">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((limit) => (
              <tr key={limit.limit_name}>
                <th scope="row" title={limitMeaning(limit.limit_name)}>
                  {limitWords(limit.limit_name)}
                </th>
                <td>
                  {limit.used === null ? (
                    <span className="hint">not counted</span>
                  ) : (
                    <Meter label={limitWords(limit.limit_name)} used={limit.used} limit={limit.limit} />
                  )}
                </td>
                <td>
                  {limit.trend.some((day) => day.amount > 0) ? (
                    <Spark
                      label={`${limitWords(limit.limit_name)} in the last 30 days`}
                      values={limit.trend.map((day) => day.amount)}
                    />
                  ) : (
                    <span className="hint">–</span>
                  )}
                </td>
                <td>
                  {limit.projected_hit_at ? (
                    <Moment at={limit.projected_hit_at} />
                  ) : (
                    <span className="hint">–</span>
                  )}
                </td>
                <td className="num">{limitValue(limit.plan_limit)}</td>
                <td className="num">
                  {limit.override ? (
                    <>
                      <b>{limitValue(limit.override.value)}</b>{' '}
                      <span className="hint">
                        {limit.override.ends_at ? (
                          <>
                            until <Moment at={limit.override.ends_at} />
                          </>
                        ) : (
                          'until taken back'
                        )}
                      </span>
                    </>
                  ) : (
                    <span className="hint">–</span>
                  )}
                </td>
                <td>
                  {may && (
                    <span className="row">
                      <button type="button" className="btn" onClick={() => setRaising(limit)}>
                        Set <span className="visually-hidden">{limitInSentence(limit.limit_name)}</span>
                      </button>
                      {limit.override && (
                        <button
                          type="button"
                          className="btn ghost"
                          aria-disabled={action.busy}
                          onClick={() => takeBack(limit)}
                        >
                          Take back{' '}
                          <span className="visually-hidden">{limitInSentence(limit.limit_name)}</span>
                        </button>
                      )}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {raising && (
        <RaiseLimitDialog
          tenantId={tenantId}
          tenantName={tenant.name}
          limit={raising}
          onClose={() => setRaising(null)}
        />
      )}
    </section>
  );
}

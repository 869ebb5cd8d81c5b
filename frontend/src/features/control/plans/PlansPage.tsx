import './plans.css';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Plan } from '../../../api/types';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { limitValue, limitWords } from '../limits';
import { fetchPlans } from '../tenants/tenantsApi';
import { CONTROL } from '../title';
import { NewVersionDialog } from './NewVersionDialog';
import { PlanVersions } from './PlanVersions';
import { LIMITS, ROLES } from './planLimits';
import { price } from './plansApi';

export function PlansPage() {
  usePageTitle('Plans', CONTROL);
  const [changing, setChanging] = useState<Plan | 'new' | null>(null);
  const [looking, setLooking] = useState<Plan | null>(null);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['plans'],
    queryFn: ({ signal }) => fetchPlans(signal),
  });
  return (
    <div className="page-scroll">
      <div className="page-head">
        <h1>Plans</h1>
        <button type="button" className="btn primary push" onClick={() => setChanging('new')}>
          Create plan
        </button>
      </div>
      <p className="plans-note hint">
        A version never changes. Tenants keep the one they have until somebody moves them.
      </p>
      {isPending && (
        <Loading label="plans">
          <SkeletonRows rows={6} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Plans" error={error} onRetry={refetch} />}
      {data && (
        <section className="panel control-panel" aria-label="Plans on sale">
          <div className="control-scroll" tabIndex={0} role="region" aria-label="Plan table">
            <table className="control-table">
              <thead>
                <tr>
                  <th scope="col">Plan</th>
                  {data.map((plan) => (
                    <th key={plan.name} scope="col">
                      <span className="plan-name">{plan.name}</span> version {plan.version}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {LIMITS.map((limit) => (
                  <tr key={limit}>
                    <th scope="row">{limitWords(limit)}</th>
                    {data.map((plan) => (
                      <td key={plan.name} className="num">
                        {limitValue(plan.limits[limit] ?? null)}
                      </td>
                    ))}
                  </tr>
                ))}
                <tr>
                  <th scope="row">Requests a minute: viewer / operator / admin</th>
                  {data.map((plan) => (
                    <td key={plan.name} className="num">
                      {ROLES.map((role) => limitValue(plan.limits.requests_per_minute[role] ?? null)).join(
                        ' / ',
                      )}
                    </td>
                  ))}
                </tr>
                <tr>
                  <th scope="row">Runs in</th>
                  {data.map((plan) => (
                    <td key={plan.name}>
                      {plan.placement === 'dedicated' ? 'its own plane' : 'a shared cell'}
                    </td>
                  ))}
                </tr>
                <tr>
                  <th scope="row">Price</th>
                  {data.map((plan) => (
                    <td key={plan.name} className="num">
                      {price(plan)}
                    </td>
                  ))}
                </tr>
                <tr>
                  <th scope="row">
                    <span className="visually-hidden">Change</span>
                  </th>
                  {data.map((plan) => (
                    <td key={plan.name}>
                      <span className="row">
                        <button type="button" className="btn" onClick={() => setChanging(plan)}>
                          New version <span className="visually-hidden">of {plan.name}</span>
                        </button>
                        <button type="button" className="btn ghost" onClick={() => setLooking(plan)}>
                          Versions <span className="visually-hidden">of {plan.name}</span>
                        </button>
                      </span>
                    </td>
                  ))}
                </tr>
              </tbody>
            </table>
          </div>
        </section>
      )}
      {changing && (
        <NewVersionDialog plan={changing === 'new' ? null : changing} onClose={() => setChanging(null)} />
      )}
      {looking && <PlanVersions plan={looking} onClose={() => setLooking(null)} />}
    </div>
  );
}

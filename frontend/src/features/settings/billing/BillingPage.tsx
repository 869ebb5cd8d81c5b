import './billing.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useSession } from '../../../app/session';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { fetchBilling, refreshBilling } from './billingApi';
import { InvoicesPanel } from './InvoicesPanel';
import { PlanChoice } from './PlanChoice';
import { SubscriptionPanel } from './SubscriptionPanel';

const route = getRouteApi('/tenant/settings/billing');
const BUSY_MS = 2_000;

export function BillingPage() {
  const { user } = useSession();
  usePageTitle('Billing', user?.tenant_name);
  const { checkout } = route.useSearch();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['billing'],
    queryFn: ({ signal }) => fetchBilling(signal),
    refetchInterval: (query) => (query.state.data?.running_change ? BUSY_MS : false),
    staleTime: 0,
  });
  useRefreshAfterPaying(checkout === 'done');
  return (
    <>
      <div className="page-head">
        <h1>Billing</h1>
      </div>
      {isPending && (
        <Loading label="billing">
          <SkeletonRows rows={5} height={44} />
        </Loading>
      )}
      {error && !data && <Failed what="Billing" error={error} onRetry={() => void refetch()} />}
      {data && (
        <>
          {checkout === 'cancelled' && (
            <p className="notice billing-note" role="status">
              You came back from Stripe’s page without paying: nothing was charged and nothing was changed.
            </p>
          )}
          <SubscriptionPanel billing={data} isPaidJustNow={checkout === 'done'} />
          {data.mode !== 'manual' && <PlanChoice billing={data} />}
          {data.actions.portal && <InvoicesPanel />}
        </>
      )}
    </>
  );
}

/** Stripe tells us by itself, too; who comes back from paying need not wait for that. */
function useRefreshAfterPaying(hasPaid: boolean): void {
  const client = useQueryClient();
  const asked = useRef(false);
  useEffect(() => {
    if (!hasPaid || asked.current) {
      return;
    }
    asked.current = true;
    const showAnew = () => void client.invalidateQueries({ queryKey: ['billing'] });
    refreshBilling().then(showAnew, showAnew);
  }, [hasPaid, client]);
}

import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import type { OperationStep, Tenant, TenantOperation } from '../../../api/types';
import { Problem } from '../../../ui/Problem';
import { plural } from '../../../ui/plural';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Tag } from '../../../ui/Tag';
import { Moment } from '../../../ui/Time';
import { useAction } from '../../../ui/useAction';
import { Notices } from '../tenants/Notices';
import { cancelOperation, fetchOperations, retryOperation } from '../tenants/tenantsApi';
import { milliseconds, operationWords, stepWords } from './operationWords';
import { useTenantRefresh } from './useTenantRefresh';

const TONES = {
  pending: 'off',
  running: 'warn',
  succeeded: 'ok',
  failed: 'bad',
  cancelled: 'off',
  skipped: 'off',
} as const;
const BUSY_MS = 2_000;

/** What was done with this tenant, newest first; one that is under way is looked at again every two seconds. */
export function OperationsPanel({ tenant }: { tenant: Tenant }) {
  const { data, error, isPending, refetch, fetchNextPage, hasNextPage } = useInfiniteQuery({
    queryKey: ['tenant', tenant.tenant_id, 'operations', tenant.generation],
    queryFn: ({ pageParam, signal }) => fetchOperations(tenant.tenant_id, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before) => before,
    refetchInterval: (query) =>
      tenant.operation_id || query.state.data?.pages[0]?.items.some(isUnderWay) ? BUSY_MS : false,
  });
  const operations = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="panel control-panel" aria-label="Operations">
      {isPending && (
        <Loading label="operations">
          <SkeletonRows rows={4} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Operations" error={error} onRetry={refetch} />}
      {data && operations.length === 0 && (
        <Empty title="Nothing was done with this tenant yet">Every change stands here, step by step.</Empty>
      )}
      {operations.length > 0 && (
        <ol className="operations">
          {operations.map((operation) => (
            <Operation key={operation.operation_id} operation={operation} />
          ))}
        </ol>
      )}
      {hasNextPage && (
        <div className="control-more">
          <button type="button" className="btn" onClick={() => void fetchNextPage()}>
            Show earlier operations
          </button>
        </div>
      )}
    </section>
  );
}

function isUnderWay(operation: TenantOperation): boolean {
  return operation.state === 'pending' || operation.state === 'running';
}

function Operation({ operation }: { operation: TenantOperation }) {
  const action = useAction();
  const client = useQueryClient();
  const refresh = useTenantRefresh(operation.tenant_id);
  const act = (work: (operation: TenantOperation) => Promise<unknown>) =>
    action.run(async () => {
      await work(operation);
      await refresh();
      await client.invalidateQueries({ queryKey: ['tenant', operation.tenant_id, 'operations'] });
    });
  const words = operationWords(operation.kind);
  const inSentence = words.toLowerCase();
  return (
    <li>
      <div className="operation-head">
        <b>{words}</b>
        <Tag tone={TONES[operation.state]}>{operation.state}</Tag>
        {operation.is_stuck && <Tag tone="bad">past its deadline</Tag>}
        {operation.is_rolling_back && <Tag tone="warn">rolling back</Tag>}
        <span className="hint">
          by <bdi>{operation.requested_by_name}</bdi>, <Moment at={operation.created_at} />
          {operation.duration_ms !== null && `, took ${milliseconds(operation.duration_ms)}`}
        </span>
        <span className="push row">
          {operation.can_retry && (
            <button
              type="button"
              className="btn"
              aria-disabled={action.busy}
              onClick={() => void act(retryOperation)}
            >
              Retry {inSentence}
            </button>
          )}
          {operation.can_cancel && (
            <button
              type="button"
              className="btn"
              aria-disabled={action.busy}
              onClick={() => void act(cancelOperation)}
            >
              Roll back {inSentence}
            </button>
          )}
        </span>
      </div>
      {operation.reason && <p dir="auto">{operation.reason}</p>}
      {Array.isArray(operation.details.notices) && operation.details.notices.length > 0 && (
        <Notices notices={operation.details.notices} />
      )}
      <Problem what={`The ${inSentence} did not go on`} problem={action.problem} />
      <ul className="steps" aria-label={`Steps of the ${inSentence}`}>
        {operation.steps.map((step) => (
          <Step key={step.name} step={step} />
        ))}
      </ul>
      {operation.next_try_at && operation.error && (
        <p className="hint">
          Tried {plural(operation.attempts, 'time')}; the next try is at <Moment at={operation.next_try_at} />
          .
        </p>
      )}
    </li>
  );
}

function Step({ step }: { step: OperationStep }) {
  return (
    <li>
      <Tag tone={step.is_stuck ? 'bad' : TONES[step.state]}>
        {stepWords(step.name)}
        <span className="visually-hidden"> {step.state}</span>
      </Tag>
      <span className="hint num">
        {step.duration_ms !== null && milliseconds(step.duration_ms)}
        {step.attempts > 1 && ` · ${step.attempts} tries`}
        {step.is_stuck && ' · past its deadline'}
      </span>
      {step.error && <span className="bad">{step.error}</span>}
    </li>
  );
}

import type { PlanChange } from './planChanges';

/** What the next version changes, before it is made; tenants keep theirs until they are moved. */
export function ChangesList({ changes }: { changes: readonly PlanChange[] }) {
  if (changes.length === 0) {
    return <p className="hint">Nothing is changed yet.</p>;
  }
  return (
    <section className="plan-changes" aria-labelledby="plan-changes-title">
      <h3 id="plan-changes-title">What changes</h3>
      <ul>
        {changes.map(({ what, before, after }) => (
          <li key={what}>
            <span>{what}</span>
            <span className="num">
              <del>{before}</del> <span aria-hidden="true">→</span>
              <span className="visually-hidden"> becomes </span> <ins>{after}</ins>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

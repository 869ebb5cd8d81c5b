import { useId, useState } from 'react';
import type { AuditEntry } from '../../api/types';
import { Tag } from '../../ui/Tag';
import { Moment } from '../../ui/Time';
import { fieldWords, inWords, told } from './changes';

/** One entry as a line; opened, it tells what was changed from what to what, and how it can be found elsewhere. */
export function AuditRow({ entry }: { entry: AuditEntry }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <li>
      <button
        type="button"
        className="audit-head"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <span className="audit-at">
          <Moment at={entry.at} />
        </span>
        <span className="audit-who clip" dir="auto" title={entry.actor_name}>
          {entry.actor_name}
        </span>
        <span className="audit-action clip mono">{entry.action}</span>
        <span className="audit-target clip mono hint" title={entry.target}>
          {entry.target}
        </span>
        <span className="audit-address clip mono hint">{entry.address}</span>
        <Tag tone={entry.result === 'done' ? 'ok' : 'bad'}>{entry.result}</Tag>
      </button>
      {open && <Details entry={entry} id={id} />}
    </li>
  );
}

function Details({ entry, id }: { entry: AuditEntry; id: string }) {
  const { changes, facts } = told(entry.details);
  return (
    <div className="audit-details" id={id}>
      {changes.length > 0 && (
        <div className="audit-scroll">
          <table className="audit-changes">
            <caption className="visually-hidden">What was changed</caption>
            <thead>
              <tr>
                <th scope="col">Changed</th>
                <th scope="col">From</th>
                <th scope="col">To</th>
              </tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <tr key={change.field}>
                  <th scope="row">{fieldWords(change.field)}</th>
                  <td dir="auto">
                    <del>{inWords(change.from)}</del>
                  </td>
                  <td dir="auto">
                    <ins>{inWords(change.to)}</ins>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <dl>
        {facts.map(([field, value]) => (
          <Fact key={field} name={fieldWords(field)} value={inWords(value)} />
        ))}
        <Fact name="who" value={`${entry.actor_name} (${fieldWords(entry.actor_kind)})`} />
        {entry.impersonated_by && <Fact name="super-admin behind it" value={entry.impersonated_by} />}
        <Fact name="target" value={entry.target} mono />
        <Fact name="address" value={entry.address ?? 'none'} mono />
        <Fact name="trace" value={entry.trace_id} mono />
        <Fact
          name="entry"
          value={`${entry.seq.toLocaleString('en')}, hash ${entry.hash.slice(0, 16)}…`}
          mono
        />
      </dl>
      <details>
        <summary>As stored</summary>
        <pre className="mono">{JSON.stringify(entry.details, null, 2)}</pre>
      </details>
    </div>
  );
}

function Fact({ name, value, mono = false }: { name: string; value: string; mono?: boolean }) {
  return (
    <div>
      <dt className="hint">{name}</dt>
      <dd className={mono ? 'mono' : undefined} dir="auto">
        {value}
      </dd>
    </div>
  );
}

import { useCallback, useRef, useState } from 'react';
import type { AuditEntry } from '../../api/types';
import { useKeys } from '../../app/keys';
import { FilterInput } from '../../ui/filter/FilterInput';
import type { AuditLog } from './auditApi';
import { AUDIT_FILTERS } from './filter';

const REST_MS = 300;

type Props = {
  log: AuditLog;
  value: string;
  entries: readonly AuditEntry[];
  onCommit: (value: string) => void;
};

/** The server filters, so it is asked when typing rests. */
export function AuditFilterField({ log, value, entries, onCommit }: Props) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const spec = AUDIT_FILTERS[log];
  useKeys({ '/': () => input.current?.focus() });
  if (known !== value) {
    setKnown(value);
    setText(value);
  }
  const commit = (next: string) => {
    clearTimeout(timer.current);
    const meant = next.trim();
    if (meant !== value) {
      setKnown(meant);
      onCommit(meant);
    }
  };
  const valuesOf = useCallback(
    (key: string) => {
      const found = spec.keys.find((one) => one.key === key);
      if (!found || key === 'since' || key === 'until' || key === 'tenant') {
        return [];
      }
      return found.known ?? [...new Set(entries.flatMap((entry) => found.read(entry)))].sort();
    },
    [spec, entries],
  );
  return (
    <FilterInput
      label="Filter audit log"
      placeholder='actor:ana@acme.example action:incident. result:refused "free words"'
      value={text}
      spec={spec}
      valuesOf={valuesOf}
      onChange={(next) => {
        setText(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => commit(next), REST_MS);
      }}
      onCommit={commit}
      inputRef={input}
    />
  );
}

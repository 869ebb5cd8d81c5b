import { type RefObject, useRef, useState } from 'react';
import type { Alert } from '../../api/types';
import { FilterInput } from '../../ui/filter/FilterInput';
import { ALERT_FILTER } from './alertFilter';

const REST_MS = 300;

type FieldProps = {
  value: string;
  onCommit: (value: string) => void;
  inputRef: RefObject<HTMLInputElement | null>;
  valuesOf: (key: string) => readonly string[];
};

/** The server filters, so it is asked when typing rests. */
export function AlertFilterField({ value, onCommit, inputRef, valuesOf }: FieldProps) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
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
  return (
    <FilterInput
      label="Filter alerts"
      placeholder='status:firing sev:1,2 label:region=eu-west-1 "free words"'
      value={text}
      spec={ALERT_FILTER}
      valuesOf={valuesOf}
      onChange={(next) => {
        setText(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => commit(next), REST_MS);
      }}
      onCommit={commit}
      inputRef={inputRef}
    />
  );
}

/** Values to suggest, from the alerts that are loaded. */
export function valuesIn(items: readonly Alert[], key: string): readonly string[] {
  const known = ALERT_FILTER.keys.find((one) => one.key === key);
  if (!known) {
    return [];
  }
  if (known.known) {
    return known.known;
  }
  if (key === 'label') {
    return [
      ...new Set(
        items.flatMap((item) => Object.entries(item.labels).map(([name, value]) => `${name}=${value}`)),
      ),
    ];
  }
  return [...new Set(items.flatMap((item) => known.read(item)).filter((value) => value !== ''))].sort();
}

import { useId } from 'react';
import type { Severity } from '../../api/types';
import { SEVERITIES, severityWords } from '../../ui/SeverityBadge';

type Props = { value: Severity; onChange: (value: Severity) => void };

export function SeverityField({ value, onChange }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Severity</label>
      <select
        id={id}
        className="input"
        value={value}
        onChange={(event) => {
          const chosen = SEVERITIES.find((severity) => severity === event.target.value);
          if (chosen) {
            onChange(chosen);
          }
        }}
      >
        {SEVERITIES.map((severity) => (
          <option key={severity} value={severity}>
            {severityWords(severity)}
          </option>
        ))}
      </select>
    </div>
  );
}

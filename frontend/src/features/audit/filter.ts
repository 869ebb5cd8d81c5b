import type { AuditFilter } from './auditApi';

const KEYS = ['actor', 'action', 'target', 'result', 'tenant'] as const;

/** `actor:ana@x.example action:incident. down` — words without a key are looked for anywhere. */
export function parseFilter(text: string): AuditFilter {
  const filter: AuditFilter = {};
  const words: string[] = [];
  for (const part of text.split(/\s+/).filter((word) => word !== '')) {
    const [key = '', ...rest] = part.split(':');
    const value = rest.join(':');
    if (value !== '' && (KEYS as readonly string[]).includes(key)) {
      filter[key === 'tenant' ? 'tenant_id' : (key as keyof AuditFilter)] = value;
    } else {
      words.push(part);
    }
  }
  return words.length > 0 ? { ...filter, q: words.join(' ') } : filter;
}

import { download, get } from '../../api/client';
import type { AuditEntry, Page } from '../../api/types';

export type AuditFilter = {
  actor?: string;
  action?: string;
  target?: string;
  result?: string;
  since?: string;
  until?: string;
  q?: string;
  tenant_id?: string;
};

/** `tenant`: what happened inside the tenant; `control`: people, plan and access, kept by the control plane. */
export type AuditLog = 'tenant' | 'control';

const PATHS = { tenant: '/api/audit', control: '/api/auth/audit' };

export function fetchAudit(
  log: AuditLog,
  filter: AuditFilter,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<AuditEntry>> {
  return get<Page<AuditEntry>>(PATHS[log], { limit: 50, ...filter, cursor }, signal);
}

/** JSON lines; the last one holds the count and the head of the chain. */
export function exportAudit(log: AuditLog, filter: AuditFilter): Promise<Blob> {
  return download(`${PATHS[log]}/export`, filter);
}

/** Which log, of which day, and what it was restricted to. */
export function exportName(log: AuditLog, filter: AuditFilter, day: string): string {
  const parts = Object.entries(filter).map(([name, value]) => `${name}-${value}`);
  const restricted = parts
    .join('_')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 80);
  return ['audit', log, day, restricted]
    .filter((part) => part !== '')
    .join('-')
    .concat('.jsonl');
}

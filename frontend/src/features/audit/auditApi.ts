import { get } from '../../api/client';
import type { AuditEntry, Page } from '../../api/types';
import { validToken } from '../../app/session';

export type AuditFilter = {
  actor?: string;
  action?: string;
  target?: string;
  result?: string;
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

/** The file as the server streams it; its last line holds the count and the head of the chain. */
export async function exportAudit(log: AuditLog, filter: AuditFilter): Promise<Blob> {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value));
  const response = await fetch(`${PATHS[log]}/export?${query}`, {
    headers: { authorization: `Bearer ${await validToken()}` },
  });
  if (!response.ok) {
    throw new Error(`The server answered ${response.status}`);
  }
  return response.blob();
}

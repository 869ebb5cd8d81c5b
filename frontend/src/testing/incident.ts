import type { Incident } from '../api/types';

let made = 0;

/** An incident for a test: give what the test is about. */
export function incident(facts: Partial<Incident> = {}): Incident {
  made += 1;
  const number = String(made).padStart(8, '0');
  return {
    id: `id-${number}`,
    reference: `INC-${number}`,
    title: 'Checkout p95 latency above 2 s',
    description: '',
    severity: 'medium',
    priority: 'P3',
    status: 'triggered',
    source: 'prometheus',
    service: 'checkout',
    environment: 'production',
    assignee: null,
    ci_ids: [],
    alert_count: 1,
    firing_count: 1,
    resolution_notes: null,
    resolved_by: null,
    snoozed_until: null,
    created_at: '2026-04-01T18:00:00.000Z',
    updated_at: '2026-04-01T18:00:00.000Z',
    acknowledged_at: null,
    resolved_at: null,
    closed_at: null,
    version: 1,
    next_statuses: ['open'],
    ...facts,
  };
}

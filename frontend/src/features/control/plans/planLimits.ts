/** The limits that a plan names one by one, in the order in which people read them. */
export const LIMITS = [
  'users',
  'api_keys',
  'events_per_month',
  'incidents_per_month',
  'integrations',
  'retention_days',
] as const;

export const ROLES = ['viewer', 'operator', 'admin'] as const;

const WORDS: Record<string, string> = {
  users: 'People',
  api_keys: 'API keys',
  events_per_month: 'Events a month',
  incidents_per_month: 'Incidents a month',
  integrations: 'Integrations',
  retention_days: 'Days kept',
};

export function limitWords(name: string): string {
  return WORDS[name] ?? name.replaceAll('_', ' ');
}

/** Null means no limit. */
export function limitValue(value: number | null): string {
  return value === null ? 'unlimited' : value.toLocaleString('en');
}

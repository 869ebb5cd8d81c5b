const WORDS: Record<string, string> = {
  users: 'People',
  api_keys: 'API keys',
  events_per_month: 'Events a month',
  incidents_per_month: 'Incidents a month',
  integrations: 'Integrations',
  retention_days: 'Days kept',
  requests_per_minute_viewer: 'Requests a minute, viewer',
  requests_per_minute_operator: 'Requests a minute, operator',
  requests_per_minute_admin: 'Requests a minute, admin',
};

export function limitWords(name: string): string {
  return WORDS[name] ?? name.replaceAll('_', ' ');
}

const MEANINGS: Record<string, string> = {
  api_keys: 'Active keys besides those that only send alerts.',
  integrations: 'Active keys of senders, which only send alerts.',
};

/** What is counted, where the words alone don’t say it. */
export function limitMeaning(name: string): string | undefined {
  return MEANINGS[name];
}

/** The same in the middle of a sentence; an abbreviation keeps its capitals. */
export function limitInSentence(name: string): string {
  const words = limitWords(name);
  return /^[A-Z]{2}/.test(words) ? words : words.charAt(0).toLowerCase() + words.slice(1);
}

/** Null means no limit. */
export function limitValue(value: number | null): string {
  return value === null ? 'unlimited' : value.toLocaleString('en');
}

/** A file's size in the unit that a person would choose. */
export function fileSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

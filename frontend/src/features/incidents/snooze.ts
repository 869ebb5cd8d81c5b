export type SnoozeChoice = { name: string; span: { duration: string } | { until: string } };

const MORNING_HOUR = 9;

export function snoozeChoices(now: Date): SnoozeChoice[] {
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(MORNING_HOUR, 0, 0, 0);
  return [
    { name: 'For 30 minutes', span: { duration: '30m' } },
    { name: 'For 1 hour', span: { duration: '1h' } },
    { name: 'For 4 hours', span: { duration: '4h' } },
    { name: 'Until tomorrow 09:00', span: { until: morning.toISOString() } },
  ];
}

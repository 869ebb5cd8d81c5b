type Tone = 'ok' | 'warn' | 'bad' | 'off';

const STANDINGS: Record<string, { words: string; tone: Tone }> = {
  none: { words: 'none', tone: 'off' },
  incomplete: { words: 'not paid yet', tone: 'warn' },
  trialing: { words: 'trial', tone: 'ok' },
  active: { words: 'paid', tone: 'ok' },
  grace: { words: 'payment failed', tone: 'warn' },
  overdue: { words: 'overdue', tone: 'bad' },
  trial_ended: { words: 'trial ended', tone: 'bad' },
  paused: { words: 'paused', tone: 'warn' },
  ended: { words: 'ended', tone: 'off' },
};

/** How a tenant's payments stand, short enough for a list. */
export function payments(standing: string | null | undefined): { words: string; tone: Tone } {
  return STANDINGS[standing ?? 'none'] ?? { words: String(standing), tone: 'off' };
}

import { describe, expect, it } from 'vitest';
import { fileSize, limitInSentence, limitMeaning, limitValue, limitWords } from './limits';

describe('the words of a limit', () => {
  it('begin with a capital alone, and keep an abbreviation in a sentence', () => {
    expect(limitWords('requests_per_minute_admin')).toBe('Requests a minute, admin');
    expect(limitInSentence('events_per_month')).toBe('events a month');
    expect(limitInSentence('api_keys')).toBe('API keys');
    expect(limitWords('a_new_one')).toBe('a new one');
  });

  it('come with what is counted, where they alone do not tell keys apart', () => {
    expect(limitMeaning('integrations')).toBe('Active keys of senders, which only send alerts.');
    expect(limitMeaning('users')).toBeUndefined();
  });

  it('say that there is none', () => {
    expect([limitValue(null), limitValue(0), limitValue(5_000_000)]).toEqual(['unlimited', '0', '5,000,000']);
  });
});

describe('the size of a file', () => {
  it('is in a unit that leaves a small number', () => {
    expect([0, 1023, 1536, 5 * 1024 ** 2, 3000 * 1024 ** 3].map(fileSize)).toEqual([
      '0 B',
      '1023 B',
      '1.5 KiB',
      '5.0 MiB',
      '3000.0 GiB',
    ]);
  });
});

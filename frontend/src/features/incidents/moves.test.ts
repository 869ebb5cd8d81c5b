import { describe, expect, it } from 'vitest';
import type { IncidentStatus } from '../../api/types';
import { incident } from '../../testing/incident';
import { bulkWords } from './bulk';
import { csvCell, exportName } from './exportIncidents';
import { isAllowedForAll, movesOf } from './moves';

describe('moves', () => {
  it.each<[IncidentStatus, IncidentStatus[], string[]]>([
    ['triggered', ['open'], ['Acknowledge', 'Resolve', 'Mark as open']],
    ['open', ['acknowledged'], ['Acknowledge', 'Resolve']],
    ['acknowledged', ['investigating'], ['Start investigating', 'Resolve']],
    ['investigating', ['resolved'], ['Resolve']],
    ['reopened', ['investigating'], ['Start investigating', 'Resolve']],
    ['resolved', ['closed', 'reopened'], ['Close', 'Reopen']],
    ['closed', [], []],
  ])('of a %s incident are exactly the allowed ones', (status, next_statuses, names) => {
    expect(movesOf(incident({ status, next_statuses })).map((move) => move.name)).toEqual(names);
  });

  it('in bulk are only those that every incident allows', () => {
    const open = incident({ status: 'open' });
    const resolved = incident({ status: 'resolved' });
    expect(isAllowedForAll('resolve', [open])).toBe(true);
    expect(isAllowedForAll('resolve', [open, resolved])).toBe(false);
  });
});

describe('bulk results', () => {
  it('say how many were done and why others were refused', () => {
    const one = { incident: incident(), refused: null };
    const refused = { incident: incident(), refused: 'already closed' };
    expect(bulkWords([one, one, refused, refused])).toBe('2 done, 2 refused: already closed');
  });
});

describe('export', () => {
  it('quotes cells and disarms formulas', () => {
    expect(csvCell('a "b", c')).toBe('"a ""b"", c"');
    expect(csvCell('=1+1')).toBe("'=1+1");
    expect(csvCell(-3)).toBe('-3');
    expect(csvCell(null)).toBe('');
  });

  it('has the filter in its name', () => {
    expect(exportName('sev:1,2 -status:resolved', 'csv')).toBe('incidents sev-1,2 -status-resolved.csv');
    expect(exportName('', 'json')).toBe('incidents all.json');
  });
});

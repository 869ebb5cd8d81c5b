import { describe, expect, it } from 'vitest';
import { incident } from '../../testing/incident';
import { parseSort, sortIncidents, toggleSort, writeSort } from './sorting';

describe('the default order', () => {
  it('is not acknowledged first, then severity, then newest, and the ended last', () => {
    const ended = incident({ status: 'resolved', severity: 'critical' });
    const taken = incident({ status: 'investigating', severity: 'critical' });
    const minor = incident({ severity: 'low' });
    const older = incident({ severity: 'high', created_at: '2026-04-01T10:00:00.000Z' });
    const newer = incident({ severity: 'high', created_at: '2026-04-01T11:00:00.000Z', status: 'reopened' });
    expect(sortIncidents([ended, taken, minor, older, newer], [])).toEqual([
      newer,
      older,
      minor,
      taken,
      ended,
    ]);
  });
});

describe('header clicks', () => {
  it('go from ascending to descending to the default', () => {
    const once = toggleSort([], 'service', false);
    const twice = toggleSort(once, 'service', false);
    expect(once).toEqual([{ column: 'service', descending: false }]);
    expect(twice).toEqual([{ column: 'service', descending: true }]);
    expect(toggleSort(twice, 'service', false)).toEqual([]);
  });

  it('with shift add a second key and keep the first', () => {
    const both = toggleSort(parseSort('service'), 'age', true);
    expect(writeSort(both)).toBe('service,age');
    expect(writeSort(toggleSort(both, 'age', true))).toBe('service,-age');
    expect(writeSort(toggleSort(both, 'title', false))).toBe('title');
  });
});

describe('sort in the URL', () => {
  it('drops what it does not know', () => {
    expect(parseSort('nonsense,-age,age,title')).toEqual([
      { column: 'age', descending: true },
      { column: 'title', descending: false },
    ]);
    expect(writeSort([])).toBeUndefined();
  });

  it('sorts nobody behind everybody', () => {
    const nobody = incident({ assignee: null });
    const ana = incident({ assignee: 'ana@acme.test' });
    expect(sortIncidents([nobody, ana], parseSort('assignee'))).toEqual([ana, nobody]);
  });
});

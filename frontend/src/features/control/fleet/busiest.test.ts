import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../api/types';
import { busiest, errorRate, percent } from './busiest';

function cell(name: string, requests: number, ...tenants: [string, number][]): Cell {
  return {
    name,
    ready: true,
    placement: name === 'own' ? 'dedicated' : 'shared',
    requests_last_minute: requests,
    busiest: tenants.map(([tenant_id, asked]) => ({ tenant_id, requests: asked })),
  } as Cell;
}

describe('busiest', () => {
  it('ranks the tenants of all cells that answer, each against its own cell', () => {
    const away = { ...cell('away', 900, ['gone', 900]), ready: false };
    expect(busiest([cell('shared', 200, ['b', 50], ['a', 50]), away, cell('own', 80, ['c', 80])], 2)).toEqual(
      [
        { tenantId: 'c', cell: 'own', requests: 80, share: 1, isShared: false },
        { tenantId: 'a', cell: 'shared', requests: 50, share: 0.25, isShared: true },
      ],
    );
  });
  it('never says more than all', () => {
    expect(busiest([cell('shared', 1, ['a', 3], ['b', 1])], 9).map((one) => one.share)).toEqual([0.75, 0.25]);
  });
});

describe('errorRate', () => {
  it('is unknown when nothing was asked', () => {
    expect(errorRate({ requests_last_minute: 0, errors_last_minute: 0 })).toBeNull();
    expect(errorRate({ requests_last_minute: null, errors_last_minute: null })).toBeNull();
    expect(errorRate({ requests_last_minute: 200, errors_last_minute: 1 })).toBe(0.005);
  });
  it('is told with one decimal when small', () => {
    expect([0, 0.0005, 0.005, 0.12, 1].map(percent)).toEqual(['0 %', '< 0.1 %', '0.5 %', '12 %', '100 %']);
  });
});

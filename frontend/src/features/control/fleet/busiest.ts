import type { Cell } from '../../../api/types';

export type Busy = { tenantId: string; cell: string; requests: number; share: number; isShared: boolean };

/** Who asked most in the last minute, over all planes that answer; ``share`` is of what its cell's tenants asked. */
export function busiest(cells: readonly Cell[], most: number): Busy[] {
  return cells
    .filter((cell) => cell.ready)
    .flatMap((cell) => {
      const all = Math.max(
        cell.requests_last_minute ?? 0,
        cell.busiest.reduce((sum, one) => sum + one.requests, 0),
      );
      return cell.busiest.map((one) => ({
        tenantId: one.tenant_id,
        cell: cell.name,
        requests: one.requests,
        share: one.requests / all,
        isShared: cell.placement === 'shared',
      }));
    })
    .sort((one, other) => other.requests - one.requests || one.tenantId.localeCompare(other.tenantId))
    .slice(0, most);
}

/** Errors among all answers of a minute: `0 %`, `0.4 %`, `12 %`; null when nothing was asked. */
export function errorRate(cell: Pick<Cell, 'requests_last_minute' | 'errors_last_minute'>): number | null {
  const { requests_last_minute: requests, errors_last_minute: errors } = cell;
  return requests ? (errors ?? 0) / requests : null;
}

export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) {
    return '< 0.1 %';
  }
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

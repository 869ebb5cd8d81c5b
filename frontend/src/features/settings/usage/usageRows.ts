// One shape for what admins read at the control plane and what everybody reads of the tenant's own plane. Pure.
import type { OwnUsage, Usage } from '../../../api/types';

export type UsageRow = {
  name: string;
  used: number;
  limit: number | null;
  trend: readonly number[];
  resetsAt: string | null;
  reachedAt: string | null;
};

/** `counted`: how much of it is used; `fixed`: limits of which nothing is counted. */
export type UsagePicture = {
  plan: string;
  version: number | null;
  held: number;
  counted: UsageRow[];
  fixed: { name: string; limit: number | null }[];
  reportedAt: string | null;
};

export function ofControlPlane(usage: Usage): UsagePicture {
  return {
    plan: usage.plan,
    version: usage.plan_version,
    held: usage.held,
    counted: usage.items.flatMap((item) =>
      item.used === null
        ? []
        : [
            {
              name: item.limit_name,
              used: item.used,
              limit: item.limit,
              trend: item.trend.map((day) => day.amount),
              resetsAt: item.resets_at,
              reachedAt: item.projected_hit_at,
            },
          ],
    ),
    fixed: usage.items.flatMap((item) =>
      item.used === null ? [{ name: item.limit_name, limit: item.limit }] : [],
    ),
    reportedAt: usage.reported_at,
  };
}

export function ofOwnPlane(usage: OwnUsage): UsagePicture {
  const { viewer, operator, admin } = usage.requests_per_minute;
  return {
    plan: usage.plan,
    version: null,
    held: usage.held,
    counted: usage.limits.map((limit) => ({
      name: limit.name,
      used: limit.used,
      limit: limit.limit,
      trend: [],
      resetsAt: limit.resets_at,
      reachedAt: null,
    })),
    fixed: [
      { name: 'retention_days', limit: usage.retention_days },
      { name: 'requests_per_minute_viewer', limit: viewer },
      { name: 'requests_per_minute_operator', limit: operator },
      { name: 'requests_per_minute_admin', limit: admin },
    ],
    reportedAt: null,
  };
}

/** The control plane's picture is some minutes old; what the tenant's own plane counts is of this moment. */
export function withPresent(picture: UsagePicture, own: OwnUsage): UsagePicture {
  const used = new Map(own.limits.map((limit) => [limit.name as string, limit.used]));
  return {
    ...picture,
    held: own.held,
    counted: picture.counted.map((row) => ({ ...row, used: used.get(row.name) ?? row.used })),
  };
}

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;

/** How much a limit's end matters now. */
export function outlook(row: UsageRow, now: number): 'full' | 'soon' | 'later' | 'open' {
  if (row.limit !== null && row.used >= row.limit) {
    return 'full';
  }
  if (row.reachedAt === null) {
    return 'open';
  }
  return Date.parse(row.reachedAt) - now <= SOON_DAYS * DAY_MS ? 'soon' : 'later';
}

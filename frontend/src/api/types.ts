// The names the screens use for the contract's shapes. If the contract renames a schema, only this file changes.
import type { components } from './openapi';

type Schemas = components['schemas'];

export type Incident = Schemas['IncidentRead'];
export type Severity = Incident['severity'];
export type IncidentStatus = Incident['status'];
export type TimelineEntry = Schemas['TimelineRead'];
export type Alert = Schemas['AlertRead'];
export type LinkedAlert = Schemas['LinkedAlert'];
export type AlertEvent = Schemas['AlertEventRead'];
export type User = Session['user'];
export type Session = Schemas['SignedIn'];
export type Tenant = Schemas['TenantRead'];
export type Plan = Schemas['PlanRead'];
export type Permissions = Schemas['PermissionsRead'];
export type TenantOperation = Schemas['OperationRead'];
export type OperationStep = Schemas['StepRead'];
export type Usage = Schemas['control_plane__quotas__schemas__UsageRead'];
export type LimitUsage = Schemas['control_plane__quotas__schemas__LimitUsage'];
export type GrantedLimit = Schemas['GrantedLimit'];
export type PlanPreviewed = Schemas['PlanPreviewed'];
export type TenantShare = Schemas['TenantShare'];
export type Cell = Schemas['CellRead'];
export type Rollout = Schemas['RolloutRead'];
export type DemoAccount = Schemas['DemoAccount'];

export type Page<Item> = {
  items: Item[];
  total: number;
  limit: number;
  offset: number;
  next_cursor: string | null;
};

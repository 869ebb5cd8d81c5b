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
export type DemoAccount = Schemas['DemoAccount'];

export type Page<Item> = {
  items: Item[];
  total: number;
  limit: number;
  offset: number;
  next_cursor: string | null;
};

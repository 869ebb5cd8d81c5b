import { queryOptions } from '@tanstack/react-query';
import { graphql } from '../../api/client';
import { OverviewIngest, OverviewNow, type OverviewNowAnswer, OverviewResponse } from '../../api/graphql';
import { fetchIncidents } from '../incidents/incidentsApi';

export type OverviewNumbers = OverviewNowAnswer['overview'];

const ACTIVE_SHOWN = 8;

/** Keys under `overview` are fetched anew with every live event, those under `overview-charts` seldom. */
export const overviewNow = queryOptions({
  queryKey: ['overview', 'now'],
  queryFn: async ({ signal }) => (await graphql(OverviewNow, signal)).overview,
});

export const overviewActive = queryOptions({
  queryKey: ['overview', 'active'],
  queryFn: ({ signal }) =>
    fetchIncidents({ state: 'active', sort: 'attention', limit: ACTIVE_SHOWN }, signal),
});

export const overviewResponse = queryOptions({
  queryKey: ['overview-charts', 'response'],
  queryFn: async ({ signal }) => (await graphql(OverviewResponse, signal)).overview,
});

export const overviewIngest = queryOptions({
  queryKey: ['overview-charts', 'ingest'],
  queryFn: async ({ signal }) => (await graphql(OverviewIngest, signal)).overview,
});

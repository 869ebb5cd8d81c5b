import { describe, expect, it } from 'vitest';
import { parse } from '../../ui/filter/language';
import { alertQuery, unsupportedIn } from './alertFilter';

describe('alert filters', () => {
  it('become query parameters', () => {
    const tokens = parse('status:firing sev:1,high source:grafana label:region=eu label:pod:a "free words"');
    expect(alertQuery(tokens)).toEqual({
      status: 'firing',
      severity: 'critical,high',
      source: 'grafana',
      label: ['region:eu', 'pod:a'],
      q: 'free words',
    });
  });

  it('say what the server cannot do', () => {
    expect(unsupportedIn(parse('-status:firing service:a* ok'))).toHaveLength(2);
  });
});

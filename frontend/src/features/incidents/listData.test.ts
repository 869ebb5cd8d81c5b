import { describe, expect, it } from 'vitest';
import { incident } from '../../testing/incident';
import { acceptPending, applyChange, changedFields, fromFetch, mergeFetched } from './listData';

const first = incident();
const second = incident();
const loaded = fromFetch({ items: [first, second], total: 2 });

describe('a live event', () => {
  it('patches a known row where it stands', () => {
    const changed = { ...first, alert_count: 7, version: 2 };
    const next = applyChange(loaded, changed);
    expect(next.ids).toBe(loaded.ids);
    expect(next.revision).toBe(loaded.revision);
    expect(next.byId.get(first.id)).toBe(changed);
  });

  it('leaves a new row waiting until it is asked for', () => {
    const fresh = incident();
    const next = applyChange(loaded, fresh);
    expect(next.ids).toEqual(loaded.ids);
    expect(next.pending).toEqual([fresh.id]);
    expect(next.total).toBe(3);
    const accepted = acceptPending(next);
    expect(accepted.ids).toEqual([fresh.id, first.id, second.id]);
    expect(accepted.revision).toBe(loaded.revision + 1);
  });

  it('shows the first row at once, as there is none that could move', () => {
    const fresh = incident();
    const empty = fromFetch({ items: [], total: 0 });
    expect(applyChange(empty, fresh)).toMatchObject({ ids: [fresh.id], pending: [], total: 1 });
    const fetched = mergeFetched(empty, { items: [fresh], total: 1 });
    expect(fetched).toMatchObject({ ids: [fresh.id], pending: [], total: 1 });
  });

  it('that comes twice or late changes nothing', () => {
    const fresh = incident();
    const once = applyChange(loaded, fresh);
    expect(applyChange(once, { ...fresh })).toMatchObject({ pending: [fresh.id], total: 3 });
    const newer = applyChange(loaded, { ...first, version: 5, status: 'acknowledged' });
    expect(applyChange(newer, { ...first, version: 4 })).toBe(newer);
  });

  it('names the cells that a person sees change', () => {
    expect(changedFields(first, { ...first, status: 'open', updated_at: 'x', version: 2 })).toEqual([
      'status',
    ]);
  });
});

describe('a refetch after a lost connection', () => {
  it('loses no row and doubles none', () => {
    const seenLive = incident();
    const missed = incident();
    const before = applyChange(loaded, seenLive);
    const items = [missed, seenLive, { ...first, version: 2 }, second];
    const after = mergeFetched(before, { items, total: 4 });
    expect(after.ids).toEqual([first.id, second.id]);
    expect(after.pending).toEqual([missed.id, seenLive.id]);
    expect(after.byId.size).toBe(4);
    expect(after.byId.get(first.id)?.version).toBe(2);
  });

  it('keeps an event that overtook it', () => {
    const newer = applyChange(loaded, { ...first, version: 3 });
    const after = mergeFetched(newer, { items: [first, second], total: 2 });
    expect(after.byId.get(first.id)?.version).toBe(3);
  });

  it('drops rows that the server no longer has', () => {
    expect(mergeFetched(loaded, { items: [second], total: 1 }).ids).toEqual([second.id]);
  });
});

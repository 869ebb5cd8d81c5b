import { expect, test } from 'vitest';
import type { LinkedAlert } from '../../api/types';
import { differences } from './differences';

function alert(id: string, name: string, labels: Record<string, string>): LinkedAlert {
  return { id, name, labels } as LinkedAlert;
}

test('namesakes are told apart by the labels in which they differ, at most two', () => {
  const told = differences([
    alert('1', 'HighCpu', { pod: 'web-1', zone: 'a', node: 'n1', team: 'web' }),
    alert('2', 'HighCpu', { pod: 'web-2', zone: 'b', node: 'n2', team: 'web' }),
    alert('3', 'DiskFull', { pod: 'db-1' }),
  ]);
  expect(told.get('1')).toEqual(['node=n1', 'pod=web-1']);
  expect(told.get('2')).toEqual(['node=n2', 'pod=web-2']);
  expect(told.get('3')).toEqual([]);
});

test('a label that one of them lacks is a difference, too', () => {
  const told = differences([alert('1', 'Down', {}), alert('2', 'Down', { replica: '7' })]);
  expect(told.get('1')).toEqual([]);
  expect(told.get('2')).toEqual(['replica=7']);
});

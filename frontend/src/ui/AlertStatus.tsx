import { IconBellRinging, IconCircleCheck } from '@tabler/icons-react';
import type { Alert } from '../api/types';

export function AlertStatus({ status }: { status: Alert['status'] }) {
  return status === 'firing' ? (
    <span className="status bad">
      <IconBellRinging className="icon" size={14} stroke={1.6} aria-hidden />
      Firing
    </span>
  ) : (
    <span className="status ok">
      <IconCircleCheck className="icon" size={14} stroke={1.6} aria-hidden />
      Resolved
    </span>
  );
}

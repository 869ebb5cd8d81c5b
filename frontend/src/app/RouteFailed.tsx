import type { ErrorComponentProps } from '@tanstack/react-router';
import { Failed } from '../ui/states';

export function RouteFailed({ error }: ErrorComponentProps) {
  return (
    <>
      <h1 className="visually-hidden">Page failed</h1>
      <Failed
        what="This page"
        error={error}
        stillWorks="The other pages still work."
        onRetry={() => location.reload()}
      />
    </>
  );
}

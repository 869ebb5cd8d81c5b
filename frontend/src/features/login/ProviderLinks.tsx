import { type RefObject, useEffect, useRef } from 'react';
import type { FoundConnections } from '../../api/types';

type Props = {
  connections: FoundConnections['connections'];
  /** Over a page that must stay: the provider opens in a tab of its own, and its session counts here too. */
  inNewTab: boolean;
  onPassword: () => void;
};

/** "Continue with NAME", in the place of the password: who was about to type one finds the focus here. */
export function ProviderLinks({ connections, inNewTab, onPassword }: Props) {
  const first = useRef<HTMLAnchorElement>(null);
  useFocusThatWasLost(first);
  return (
    <>
      {connections.map((connection, index) => (
        <a
          key={connection.start_url}
          ref={index === 0 ? first : undefined}
          className="btn primary"
          href={startUrl(connection.start_url, inNewTab)}
          target={inNewTab ? '_blank' : undefined}
        >
          <span className="clip">Continue with {connection.display_name}</span>
        </a>
      ))}
      <button type="button" className="link" onClick={onPassword}>
        Use a password instead
      </button>
    </>
  );
}

/** The provider sends the browser back to the page that was asked for. */
export function startUrl(url: string, inNewTab: boolean): string {
  const next = inNewTab ? null : new URLSearchParams(location.search).get('next');
  return next ? `${url}&next=${encodeURIComponent(next)}` : url;
}

/** The password field is gone: a focus that was in it would be nowhere. */
function useFocusThatWasLost(target: RefObject<HTMLAnchorElement | null>): void {
  useEffect(() => {
    if (document.activeElement === document.body || document.activeElement === null) {
      target.current?.focus();
    }
  }, [target]);
}

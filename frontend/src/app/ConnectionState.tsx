import { hoursMinutes } from '../ui/age';
import { useNow } from '../ui/now';
import { type LiveState, useLiveState } from './live';

function toneOf(state: LiveState): string {
  if (state.kind === 'live') {
    return 'ok';
  }
  return state.kind === 'offline' ? 'bad' : 'warn';
}

/** The dot with its word. Only the word is announced, not the seconds that run beside it. */
export function ConnectionState() {
  const state = useLiveState();
  const now = useNow();
  const word = {
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    offline: 'Offline',
  }[state.kind];
  return (
    <span className="connection">
      <svg className={`icon ${toneOf(state)}`} width="8" height="8" aria-hidden="true">
        <circle cx="4" cy="4" r="4" fill="currentColor" />
      </svg>
      <span role="status" aria-label="Connection">
        {word}
      </span>
      {state.kind === 'reconnecting' && (
        <span className="num">{Math.max(0, Math.floor((now - state.since) / 1000))} s</span>
      )}
      {state.kind === 'offline' && <span className="num">(data from {hoursMinutes(state.dataFrom)})</span>}
    </span>
  );
}

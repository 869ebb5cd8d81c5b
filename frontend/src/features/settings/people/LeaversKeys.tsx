import type { ApiKey } from '../../../api/types';
import { Moment } from '../../../ui/Time';
import { scopeWords } from '../keys/keysApi';

type Props = {
  keys: readonly ApiKey[];
  /** Their ids. */
  revoked: ReadonlySet<string>;
  onChange: (revoked: ReadonlySet<string>) => void;
};

/** A key outlives whoever made it: which of them end is asked one by one. */
export function LeaversKeys({ keys, revoked, onChange }: Props) {
  const all = revoked.size === keys.length;
  const toggle = (id: string, isOn: boolean) => {
    const next = new Set(revoked);
    if (isOn) {
      next.add(id);
    } else {
      next.delete(id);
    }
    onChange(next);
  };
  return (
    <fieldset className="leavers-keys">
      <legend>Which API keys to revoke</legend>
      <p className="hint">
        A key that is not revoked goes on working: whoever knows it still gets in.{' '}
        {keys.length > 1 && (
          <button
            type="button"
            className="link"
            onClick={() => onChange(new Set(all ? [] : keys.map((key) => key.key_id)))}
          >
            {all ? 'Revoke none' : `Revoke all ${keys.length}`}
          </button>
        )}
      </p>
      <ul>
        {keys.map((key) => (
          <li key={key.key_id}>
            <label>
              <input
                type="checkbox"
                checked={revoked.has(key.key_id)}
                onChange={(event) => toggle(key.key_id, event.target.checked)}
              />
              <b className="clip" dir="auto" title={key.name}>
                {key.name}
              </b>
              <span className="hint">
                {scopeWords(key.scope)},{' '}
                {key.last_used_at ? (
                  <>
                    last used <Moment at={key.last_used_at} />
                  </>
                ) : (
                  'never used'
                )}
              </span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

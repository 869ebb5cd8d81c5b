import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import type { FactorBegun, RecoveryCodes, User } from '../../api/types';
import { signOut } from '../../app/session';
import { Dialog, DialogActions } from '../../ui/Dialog';
import { Problem } from '../../ui/Problem';
import { Tag } from '../../ui/Tag';
import { tell } from '../../ui/toasts';
import { useAction } from '../../ui/useAction';
import { PasswordField } from '../login/PasswordField';
import { beginFactor, confirmFactor, removeFactor } from './accountApi';

/** The authenticator app: set up with a picture and a code, kept with recovery codes that are shown once. */
export function FactorPanel({ profile }: { profile: User }) {
  const [begun, setBegun] = useState<FactorBegun | null>(null);
  const [codes, setCodes] = useState<RecoveryCodes | null>(null);
  const [asking, setAsking] = useState(false);
  const [removing, setRemoving] = useState(false);
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const isSuperAdmin = profile.role === 'super_admin';
  const begin = (password: string) =>
    action.run(async () => {
      setBegun(await beginFactor(password));
      setAsking(false);
    });
  const confirm = (code: string) =>
    action.run(async () => {
      setCodes(await confirmFactor(code));
      setBegun(null);
    });
  const kept = async () => {
    await client.invalidateQueries({ queryKey: ['profile'] });
    setCodes(null);
  };
  return (
    <section className="panel" aria-labelledby={id}>
      <h2 id={id}>Authenticator app</h2>
      <p>
        <Tag tone={profile.has_second_factor || codes ? 'ok' : 'warn'}>
          {profile.has_second_factor || codes ? 'set up' : 'not set up'}
        </Tag>
      </p>
      {codes && <Codes codes={codes} onDone={() => void kept()} />}
      {begun && <Setup begun={begun} busy={action.busy} onCode={confirm} />}
      <Problem what="Nothing was changed" problem={action.problem} />
      {asking && <Proof busy={action.busy} onPassword={begin} />}
      {!asking && !codes && !begun && !profile.has_second_factor && (
        <div className="row">
          <button type="button" className="btn primary" onClick={() => setAsking(true)}>
            Set up authenticator app
          </button>
        </div>
      )}
      {profile.has_second_factor && !codes && !isSuperAdmin && (
        <div className="row">
          <button type="button" className="btn" onClick={() => setRemoving(true)}>
            Remove authenticator app
          </button>
        </div>
      )}
      {removing && <RemoveDialog onClose={() => setRemoving(false)} />}
    </section>
  );
}

function Proof(props: { busy: boolean; onPassword: (password: string) => Promise<boolean> }) {
  const [password, setPassword] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void props.onPassword(password);
      }}
    >
      <p>Enter your password first, so that nobody sets up their own app on your account.</p>
      <PasswordField value={password} onChange={setPassword} autoFocus />
      <div className="row">
        <button type="submit" className="btn primary" aria-disabled={props.busy || password === ''}>
          Continue
        </button>
      </div>
    </form>
  );
}

function Setup(props: { begun: FactorBegun; busy: boolean; onCode: (code: string) => Promise<boolean> }) {
  const [code, setCode] = useState('');
  const id = useId();
  const change = (text: string) => {
    const typed = text.replace(/\s/g, '');
    setCode(typed);
    if (/^\d{6}$/.test(typed)) {
      void props.onCode(typed);
    }
  };
  return (
    <>
      <p>
        Scan this with your authenticator app, or type the key into it. Nothing changes until you confirm.
      </p>
      <img
        className="qr"
        alt="QR code for your authenticator app"
        src={`data:image/svg+xml;utf8,${encodeURIComponent(props.begun.qr_svg)}`}
      />
      <p className="mono account-key">{props.begun.secret.match(/.{1,4}/g)?.join(' ')}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void props.onCode(code);
        }}
      >
        <div className="field">
          <label htmlFor={id}>Code that the app shows now</label>
          <input
            id={id}
            className="input mono"
            inputMode="numeric"
            autoComplete="one-time-code"
            // biome-ignore lint/a11y/noAutofocus: the code is the next thing to type
            autoFocus
            value={code}
            onChange={(event) => change(event.target.value)}
          />
        </div>
        <div className="row">
          <button type="submit" className="btn primary" aria-disabled={props.busy || code.length < 6}>
            Confirm
          </button>
        </div>
      </form>
    </>
  );
}

function Codes({ codes, onDone }: { codes: RecoveryCodes; onDone: () => void }) {
  const copy = async () => {
    await navigator.clipboard.writeText(codes.recovery_codes.join('\n'));
    tell('The recovery codes are on the clipboard');
  };
  return (
    <>
      <p role="status">
        Keep these recovery codes where your phone is not. Each works once, and they are shown only now.
      </p>
      <ul className="recovery-codes mono" aria-label="Recovery codes">
        {codes.recovery_codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="row">
        <button type="button" className="btn" onClick={() => void copy()}>
          Copy codes
        </button>
        {codes.must_sign_in ? (
          <button type="button" className="btn primary" onClick={() => void signOut()}>
            Sign in again with the app
          </button>
        ) : (
          <button type="button" className="btn primary" onClick={onDone}>
            I have kept them
          </button>
        )}
      </div>
    </>
  );
}

function RemoveDialog({ onClose }: { onClose: () => void }) {
  const [password, setPassword] = useState('');
  const [otp, setOtp] = useState('');
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const removed = await action.run(async () => {
      await removeFactor({ password, otp: otp.trim() });
      await client.invalidateQueries({ queryKey: ['profile'] });
    });
    if (removed) {
      tell('Your account has no authenticator app any more');
      onClose();
    }
  };
  return (
    <Dialog title="Remove authenticator app" onClose={onClose}>
      <form onSubmit={submit}>
        <p>Signing in then takes your password alone, and your recovery codes stop working.</p>
        <PasswordField value={password} onChange={setPassword} />
        <div className="field">
          <label htmlFor={id}>Code of the app, or a recovery code</label>
          <input
            id={id}
            className="input mono"
            autoComplete="one-time-code"
            value={otp}
            onChange={(event) => setOtp(event.target.value)}
          />
        </div>
        <Problem what="Nothing was removed" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn danger" aria-disabled={action.busy}>
            Remove authenticator app
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

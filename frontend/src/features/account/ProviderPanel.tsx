import { useId } from 'react';
import type { User } from '../../api/types';

/** Came by single sign-on: such a session speaks for its tenant alone, and the account is more than that. */
export function ProviderPanel({ profile }: { profile: User }) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <h2 id={id}>Profile</h2>
      <div className="field">
        <span className="label">Email</span>
        <span>{profile.email}</span>
      </div>
      <div className="field">
        <span className="label">Name</span>
        <span dir="auto">{profile.name}</span>
      </div>
      <p>
        You are signed in by the single sign-on of {profile.tenant_name}, which vouches for you in this tenant
        only. Name, password, authenticator app and sessions can be changed once you sign in with your
        password.
      </p>
    </section>
  );
}

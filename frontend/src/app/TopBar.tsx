import { IconHelp, IconMoon, IconSearch, IconSun, IconUser } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { asApiError, sentence } from '../api/errors';
import { BrandMark } from '../ui/Brand';
import { Menu } from '../ui/Menu';
import { tellFailure } from '../ui/toasts';
import { ConnectionState } from './ConnectionState';
import { signOut, switchTenant, useSession } from './session';
import { toggleTheme, useTheme } from './theme';

type Props = { onSearch: () => void; onShortcuts: () => void };

export function TopBar({ onSearch, onShortcuts }: Props) {
  const session = useSession();
  const theme = useTheme();
  const navigate = useNavigate();
  const user = session.user;
  const otherTheme = theme === 'dark' ? 'Use light theme' : 'Use dark theme';
  return (
    <header className="top">
      <div className="brand">
        <Link to="/" aria-label="Opsplane overview" className="brand-link">
          <BrandMark />
        </Link>
        <TenantSwitch />
      </div>
      <button type="button" className="btn search-button" onClick={onSearch}>
        <IconSearch className="icon" size={14} stroke={1.6} aria-hidden />
        <span className="clip">Search or run a command</span>
        <kbd className="push">Ctrl K</kbd>
      </button>
      <span className="push" />
      <ConnectionState />
      <button
        type="button"
        className="btn ghost square hide-phone"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={onShortcuts}
      >
        <IconHelp size={16} stroke={1.6} aria-hidden />
      </button>
      <button
        type="button"
        className="btn ghost square"
        aria-label={otherTheme}
        title={otherTheme}
        onClick={toggleTheme}
      >
        {theme === 'dark' ? (
          <IconSun size={16} stroke={1.6} aria-hidden />
        ) : (
          <IconMoon size={16} stroke={1.6} aria-hidden />
        )}
      </button>
      <Menu
        className="btn ghost square"
        name={`User menu: ${user?.name ?? 'not signed in'}`}
        label={<IconUser size={16} stroke={1.6} aria-hidden />}
        items={[
          { label: 'Account', onSelect: () => void navigate({ to: '/settings/account' }) },
          { label: 'Keyboard shortcuts', hint: '?', onSelect: onShortcuts },
          { label: 'Sign out', hint: user?.email, onSelect: signOut },
        ]}
      />
    </header>
  );
}

function TenantSwitch() {
  const { user } = useSession();
  const name = user?.tenant_name ?? user?.tenant_id ?? '';
  const others = user?.tenants.filter((tenant) => tenant.tenant_id !== user.tenant_id) ?? [];
  if (others.length === 0) {
    return <span className="tenant clip">{name}</span>;
  }
  const change = async (tenantId: string) => {
    try {
      await switchTenant(tenantId);
    } catch (error) {
      tellFailure(`The tenant could not be changed: ${sentence(asApiError(error).message)}`);
    }
  };
  return (
    <Menu
      className="btn ghost tenant"
      align="start"
      name={`Organisation: ${name}. Change`}
      label={
        <>
          <span className="clip">{name}</span>
          <span aria-hidden="true">▾</span>
        </>
      }
      items={others.map((tenant) => ({
        label: tenant.name,
        hint: tenant.role,
        onSelect: () => void change(tenant.tenant_id),
      }))}
    />
  );
}

import './overview.css';
import { useSession } from '../../app/session';
import { zoneName } from '../../ui/age';
import { PanelBoundary } from '../../ui/PanelBoundary';
import { usePageTitle } from '../../ui/usePageTitle';
import { ActivePanel } from './ActivePanel';
import { NoisyPanel } from './NoisyPanel';
import { NowPanel } from './NowPanel';
import { ResponsePanels } from './ResponsePanels';
import { SourcesPanel } from './SourcesPanel';

export function OverviewPage() {
  const { user } = useSession();
  usePageTitle('Overview', user?.tenant_name);
  return (
    <div className="page-scroll" tabIndex={0} role="region" aria-label="Overview">
      <div className="page-head">
        <h1>Overview</h1>
        <span className="hint push">Times in {zoneName()}</span>
      </div>
      <div className="overview">
        <PanelBoundary what="Open incidents">
          <NowPanel />
        </PanelBoundary>
        <PanelBoundary what="Active incidents">
          <ActivePanel />
        </PanelBoundary>
        <PanelBoundary what="Response times">
          <ResponsePanels />
        </PanelBoundary>
        <PanelBoundary what="Noisy services">
          <NoisyPanel />
        </PanelBoundary>
        <PanelBoundary what="Sources">
          <SourcesPanel />
        </PanelBoundary>
      </div>
    </div>
  );
}

import { usePageTitle } from '../../../ui/usePageTitle';
import { CONTROL } from '../title';
import { BusiestPanel } from './BusiestPanel';
import { CellsPanel } from './CellsPanel';
import { FullestPanel } from './FullestPanel';
import { OrphansPanel } from './OrphansPanel';
import { RolloutsPanel } from './RolloutsPanel';

/** Where tenants run and how that is doing; new versions; and who takes most. */
export function FleetPage() {
  usePageTitle('Fleet', CONTROL);
  return (
    <div className="page-scroll">
      <div className="page-head">
        <h1>Fleet</h1>
      </div>
      <CellsPanel />
      <BusiestPanel />
      <FullestPanel />
      <RolloutsPanel />
      <OrphansPanel />
    </div>
  );
}

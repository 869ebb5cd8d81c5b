import { Component, type ReactNode } from 'react';
import { Failed } from './states';

type Props = { what: string; children: ReactNode };

/** One panel that breaks never blanks the page. */
export class PanelBoundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error) {
      const retry = () => this.setState({ error: null });
      return <Failed what={this.props.what} error={this.state.error} onRetry={retry} />;
    }
    return this.props.children;
  }
}

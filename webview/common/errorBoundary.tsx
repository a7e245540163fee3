// What stands in place of a part of a page that cannot be drawn: a sentence, and the rest of the page as it was.
import { Component, type ComponentChildren } from 'preact';
import { Button } from '../controls';
import { visible } from './visible';

interface ErrorBoundaryProps {
  /** What cannot be shown, as the subject of a sentence: `This report`. */
  readonly subject: string;
  /** When this changes, drawing is tried again. */
  readonly shown?: unknown;
  readonly children: ComponentChildren;
}

interface ErrorBoundaryState {
  readonly message: string | undefined;
}

export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { message: undefined };

  static override getDerivedStateFromError(thrown: unknown): ErrorBoundaryState {
    return { message: thrown instanceof Error ? thrown.message : String(thrown) };
  }

  override componentDidUpdate(before: ErrorBoundaryProps): void {
    if (this.state.message !== undefined && before.shown !== this.props.shown) this.tryAgain();
  }

  override render(): ComponentChildren {
    const { message } = this.state;
    if (message === undefined) return this.props.children;
    return (
      <div class="error-text" role="alert">
        <p class="error-message">{this.props.subject} cannot be shown.</p>
        <p class="muted wrap">{visible(message)}</p>
        <Button onClick={() => this.tryAgain()}>Try again</Button>
      </div>
    );
  }

  private tryAgain(): void {
    this.setState({ message: undefined });
  }
}

import type { Clock } from '../clock.js';
import type { EndpointEvent } from './events.js';
import type { EndpointFaults } from './faults.js';

/** What a session needs of the connection that it belongs to. */
export interface Link {
  readonly faults: EndpointFaults;
  readonly clock: Clock;
  /** Aborted once the endpoint ends. */
  readonly stopping: AbortSignal;
  emit(event: EndpointEvent): void;
  /** A request came; call the result once it is answered. Until then the connection is not idle. */
  working(): () => void;
  /** Bytes came that the store has not taken yet; call the result once it has. */
  holding(bytes: number): () => void;
  /** Cuts the connection without a word. */
  drop(): void;
}

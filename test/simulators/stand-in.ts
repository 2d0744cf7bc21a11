import { afterAll, expect } from 'vitest';
import type { EndpointEvent, Violation } from '../../lib/transfer-endpoint/events.js';
import { TransferEndpoint, type TransferEndpointOptions } from '../../lib/transfer-endpoint/transfer-endpoint.js';

/** What Transfer refuses, bills, or gets wrong; whoever uploads here must never do it. */
const FORBIDDEN: readonly Violation[] = ['read-write', 'append', 'out-of-order', 'rename', 'mkdir', 'set-attributes'];

const seen: string[] = [];
afterAll(() => expect(seen).toEqual([]));

/** A stand-in for AWS Transfer Family whose clients are ours: its test file fails where one of them did what is forbidden. */
export function standIn(options: TransferEndpointOptions): TransferEndpoint {
  return new TransferEndpoint({ ...options, onEvent: watched(options.onEvent) });
}

/** The same for any endpoint: what it is to tell its events to. */
export function watched(onEvent?: (event: EndpointEvent) => void): (event: EndpointEvent) => void {
  return (event) => {
    if (event.type === 'violation' && FORBIDDEN.includes(event.violation)) {
      seen.push(`${event.violation} by ${event.user}: ${event.detail}`);
    }
    onEvent?.(event);
  };
}

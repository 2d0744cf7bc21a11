import { setMaxListeners } from 'node:events';

/**
 * A long-running part. Inert until `run`; `run` resolves only when everything it started has stopped.
 * It rejects only on errors it cannot survive; whatever can be retried is retried inside.
 */
export interface Service {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/** Runs services side by side. The first that fails stops the others; all have stopped when this settles. */
export async function runAll(services: readonly Service[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  // Each service listens, often more than once; Node's warning at 10 listeners is about leaks, and this is none.
  setMaxListeners(0, both);
  const results = await Promise.allSettled(
    services.map(async (service) => {
      try {
        await service.run(both);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

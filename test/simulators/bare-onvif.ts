import { setTimeout as delay } from 'node:timers/promises';
import { Cam, type CamOptions } from 'onvif';

export interface BareOutcome {
  cam: Cam;
  /** What `connect` told: `never` where its callback was not called in time. */
  outcome: 'connected' | 'never' | Error;
  warnings: string[];
}

/** The `onvif` package as it comes, to show what our adapter is there for. Fails where a new version mends it. */
export async function connectBare(
  port: number,
  options: Partial<CamOptions> = {},
  withinMs = 5_000,
): Promise<BareOutcome> {
  const cam = new Cam({ hostname: '127.0.0.1', port, autoconnect: false, ...options }, () => undefined);
  const warnings: string[] = [];
  (cam as unknown as NodeJS.EventEmitter).on('warning', (text: string) => warnings.push(text));
  const connected = new Promise<'connected' | Error>((resolve) =>
    cam.connect((error: Error | null) => resolve(error ? error : 'connected')),
  );
  const outcome = await Promise.race([connected, delay(withinMs, 'never' as const, { ref: false })]);
  return { cam, outcome, warnings };
}

type Done = (error: Error | null, value: unknown, xml?: string) => void;

/** Calls a method of the package by name and hands out what it calls back with. */
export async function askBare(cam: Cam, method: string, ...values: unknown[]): Promise<unknown> {
  const call = (cam as unknown as Record<string, (...all: unknown[]) => void>)[method]!;
  return await new Promise((resolve, reject) => {
    const done: Done = (error, value) => (error ? reject(error) : resolve(value));
    call.call(cam, ...values, done);
  });
}

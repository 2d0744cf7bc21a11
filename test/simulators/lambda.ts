import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleHandler } from '../../cdk/handler-function.js';

export interface LoadedLambda<Event, Reply> {
  handler(event: Event): Promise<Reply>;
  remove(): Promise<void>;
}

/** The very file that is deployed, loaded as Lambda does: with its environment there before it, and the SDK beside it. */
export async function loadLambda<Event, Reply>(
  name: string,
  environment: Record<string, string>,
  settings?: unknown,
): Promise<LoadedLambda<Event, Reply>> {
  const dir = await mkdtemp(join(tmpdir(), `lambda-${name}-`));
  await symlink(resolve('node_modules'), join(dir, 'node_modules'));
  await writeFile(join(dir, 'index.mjs'), bundleHandler(name));
  if (settings !== undefined) await writeFile(join(dir, 'settings.json'), JSON.stringify(settings));
  Object.assign(process.env, environment);
  const { handler } = (await import(pathToFileURL(join(dir, 'index.mjs')).href)) as LoadedLambda<Event, Reply>;
  return { handler, remove: () => rm(dir, { recursive: true }) };
}

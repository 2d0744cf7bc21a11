import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { cameraFields } from '../config/camera.js';
import { asTree, readSettings } from '../config/document.js';
import { applyOverrides, resolveReferences } from '../config/environment.js';
import { configFile } from '../config/load.js';
import type { Context, GlobalOptions } from './context.js';

const knownCamera = z.object(cameraFields);

export type KnownCamera = z.infer<typeof knownCamera>;

export interface KnownCameras {
  cameras: ReadonlyMap<string, KnownCamera>;
  /** The file to write to; it may not be there yet. */
  file: string;
}

/**
 * What a configuration file says of its cameras, as far as it can be read: whoever looks for cameras may have a file that
 * is not finished, or none. Passwords that are not to be had here are left out. Throws only for what is no YAML.
 */
export function knownCameras(context: Context, options: GlobalOptions): KnownCameras {
  const file = resolve(configFile(options.config, context.env) ?? 'nvr-uplink.yaml');
  if (!existsSync(file)) return { cameras: new Map(), file };
  const tree = asTree(readSettings(file).tree, file);
  applyOverrides(tree, context.env);
  const all = typeof tree.cameras === 'object' && tree.cameras !== null ? Object.entries(tree.cameras) : [];
  const cameras = all.flatMap(([name, camera]): [string, KnownCamera][] => {
    const settings = { ...(camera as Record<string, unknown>) };
    for (const { path } of resolveReferences(settings, context.env, dirname(file))) delete settings[path];
    const read = knownCamera.safeParse(settings);
    return read.success ? [[name, read.data]] : [];
  });
  return { cameras: new Map(cameras), file };
}

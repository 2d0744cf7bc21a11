import type { OnvifConnection } from '../../lib/onvif/connection.js';
import { moveTo, readIpv4 } from '../../lib/onvif/network-settings.js';
import type { Outcome } from '../../lib/onvif/settings.js';
import { formatCameraAddress, parseCameraAddress } from '../config/camera-address.js';
import { setSetting } from '../config/edit.js';
import { editFile } from '../config/file.js';
import { configFile } from '../config/load.js';
import { failed } from './camera-changes.js';
import type { NamedCamera } from './camera-named.js';
import type { StaticAddress } from './camera-wishes.js';
import type { Context, GlobalOptions } from './context.js';

/**
 * Gives the camera a static address, as its last wish: it is confirmed where the camera answers, and the configuration follows.
 * What is not confirmed is a failure that says where the camera was last seen.
 */
export async function changeAddress(
  connection: OnvifConnection,
  { name, config, settings }: NamedCamera,
  wanted: StaticAddress,
  context: Context,
  options: GlobalOptions & { dryRun?: boolean },
): Promise<Outcome> {
  const text = `${wanted.address}/${wanted.prefixLength}`;
  const { clock, signal } = context;
  try {
    const { address, prefixLength, dhcp } = await readIpv4(connection, signal);
    const before = `${address}/${prefixLength}${dhcp ? ' by DHCP' : ''}`;
    const outcome = { setting: 'ip', before, wanted: text, after: before };
    if (before === text) return { ...outcome, state: 'same' };
    if (options.dryRun) return { ...outcome, state: 'planned' };
    const there = await moveTo(connection, wanted, { clock, signal });
    if (config && settings.address !== undefined)
      await follow(context, options, name, settings.address, there.target.host);
    return { ...outcome, after: text, state: 'verified' };
  } catch (error) {
    signal.throwIfAborted();
    return failed('ip', text, error);
  }
}

async function follow(
  context: Context,
  options: GlobalOptions,
  name: string,
  before: string,
  host: string,
): Promise<void> {
  const file = configFile(options.config, context.env);
  if (file === undefined) return;
  const address = formatCameraAddress({ ...parseCameraAddress(before), host });
  await editFile(file, (text) => setSetting(text, ['cameras', name, 'address'], address));
  context.stderr.write(`${file}: ${name} is at ${address} now\n`);
}

import { X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureFfmpeg } from '../../lib/ffmpeg/find.js';
import { InterfaceAddresses } from '../../lib/simulator/interface-addresses.js';
import type { PersonaName } from '../../lib/simulator/persona.js';
import { PERSONA_NAMES, PERSONAS } from '../../lib/simulator/personas.js';
import {
  type CameraRequest,
  type RunningCamera,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../lib/simulator/simulator.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { readPassword } from './secret.js';
import type { SimulateOptions } from './simulate-options.js';

const PASSWORD_VARIABLE = 'NVR_UPLINK_SIMULATE_PASSWORD';

/** Pictures for when many cameras matter more than what is to be seen: quick to encode, light to play. */
const SMALL = {
  main: { width: 320, height: 180, rateBps: 200_000 },
  sub: { width: 160, height: 90, rateBps: 64_000 },
};

/** `nvr-uplink simulate`: cameras to try other programs on, until stopped. */
export async function simulate(context: Context, options: SimulateOptions): Promise<number> {
  const note = (text: string) => options.quiet || context.stderr.write(`${text}\n`);
  const ffmpeg = await ensureFfmpeg(context.env.NVR_UPLINK_FFMPEG, note);
  const cacheDir = resolve(options.dir ?? join(context.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'nvr-uplink'));
  await mkdir(cacheDir, { recursive: true });
  note('Drawing the scenes …');
  const addresses = options.interface === undefined ? undefined : new InterfaceAddresses(options.interface);
  const { address: host, username, https, discovery } = options;
  const settings: SimulatorOptions = {
    ...{ cameras: requests(options), host, username, https, discovery, cacheDir },
    ...{ clock: context.clock, ffmpeg: ffmpeg.path, password: await passwordOf(context, options) },
    ...(options.small ? SMALL : {}),
    takeAddress: addresses && ((address, prefix, before) => addresses.take(address, prefix, before)),
  };
  try {
    const simulator = await startSimulator(settings, context.signal);
    for (const { camera } of simulator.cameras) {
      for (const { name, value, conduct } of options.fault) {
        if (conduct === undefined) camera.faults.set(name, value);
        else await camera.setFault(conduct);
      }
    }
    show(context, options, simulator);
    await simulator.run(context.signal);
  } catch (error) {
    // Ctrl-C while the scenes are being drawn is no failure.
    if (!context.signal.aborted) throw error;
  } finally {
    await addresses?.releaseAll();
  }
  return EXIT.ok;
}

/** The cameras asked for: personas by turns, each with a name, and an address where it has ports of its maker. */
export function requests(options: SimulateOptions): CameraRequest[] {
  const personas = options.persona.includes('all' as PersonaName) ? PERSONA_NAMES : options.persona;
  const count = options.count ?? personas.length;
  return Array.from({ length: count }, (_, index) => {
    const persona = personas[index % personas.length]!;
    const [turn, turns] = [Math.floor(index / personas.length) + 1, Math.ceil(count / personas.length)];
    const base = options.name ?? persona;
    const number = options.name === undefined ? turn : index + 1;
    const name = (options.name === undefined ? turns : count) > 1 ? `${base}-${number}` : base;
    const { mac, card } = options;
    const scene = options.sameScene ? { title: 'simulated', variant: 0 } : {};
    if (!options.ownPorts) return { name, persona, mac, card, ...scene };
    const { rtsp, onvif, https } = PERSONAS[persona].ports;
    const host = following(options.address, index);
    return { name, persona, mac, card, ...scene, host, rtspPort: rtsp, onvifPort: onvif, httpsPort: https };
  });
}

/** The address this many after another. */
function following(address: string, count: number): string {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + count;
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

/** Undefined for a new one: nobody is asked for the password of a camera that is not there yet. */
async function passwordOf(context: Context, { passwordFile: file }: SimulateOptions): Promise<string | undefined> {
  if (file === undefined) return context.env[PASSWORD_VARIABLE] || undefined;
  return await readPassword(context, { file, variable: PASSWORD_VARIABLE, question: 'Password' });
}

function show(context: Context, options: SimulateOptions, { cameras, account }: Simulator): void {
  const faults = options.fault.map(({ name, value }) => (value === true ? name : `${name}=${value}`));
  if (options.json) {
    for (const camera of cameras) printJson(context, { event: 'camera', ...facts(camera), ...account, faults });
    printJson(context, { event: 'ready', cameras: cameras.length });
    return;
  }
  const blocks = cameras.map((camera) => block(camera));
  const faulty = faults.length > 0 ? [`  Faults   ${faults.join(', ')}`] : [];
  const last = [`  Sign in  ${account.username} / ${account.password}`, ...faulty, '', '  Stop with Ctrl-C.', ''];
  print(context, ['', ...blocks.flat(), ...last].join('\n'));
}

function facts({ name, mainUrl, subUrl, onvifUrl, camera }: RunningCamera) {
  const { persona, identity, settings, secureUrl, snapshotUrl, certificate } = camera;
  const { manufacturer, model, firmware, serial, mac } = identity;
  return {
    ...{ name, persona: persona.name, manufacturer, model, firmware, serial, mac },
    ...{ address: settings.network.address, onvif: onvifUrl, https: secureUrl },
    certificate: certificate && new X509Certificate(certificate).fingerprint256,
    ...{ main: mainUrl, sub: subUrl, snapshot: snapshotUrl },
  };
}

function block(running: RunningCamera): string[] {
  const { name, manufacturer, model, firmware, serial, mac, onvif, https, main, sub, snapshot } = facts(running);
  const lines = {
    ...{ Maker: `${manufacturer} ${model}, firmware ${firmware}`, Serial: serial, MAC: mac },
    ...{ ONVIF: onvif, HTTPS: https, Main: main, Sub: sub, Picture: snapshot },
  };
  return [
    `  ${name}`,
    ...Object.entries(lines).flatMap(([label, value]) => (value ? [`    ${label.padEnd(8)} ${value}`] : [])),
    '',
  ];
}

import { isIPv4 } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CONDUCTS, type Fault, isConduct } from '../../lib/simulator/conduct.js';
import { FAULTS, type FaultName, type FaultValues, parseFault } from '../../lib/simulator/faults.js';
import type { PersonaName } from '../../lib/simulator/persona.js';
import { PERSONA_NAMES } from '../../lib/simulator/personas.js';
import type { GlobalOptions } from './context.js';

export interface SimulateOptions extends GlobalOptions {
  persona: PersonaName[];
  count?: number;
  name?: string;
  address: string;
  ownPorts?: boolean;
  interface?: string;
  mac?: string;
  username: string;
  passwordFile?: string;
  https?: boolean;
  card?: boolean;
  discovery: boolean;
  small?: boolean;
  sameScene?: boolean;
  fault: WantedFault[];
  dir?: string;
}

/** Of its ONVIF side, or of the whole camera. */
export type WantedFault =
  | { name: FaultName; value: FaultValues[FaultName]; conduct?: undefined }
  | { name: string; value: true; conduct: Fault };

/** Declares the command; its work is in simulate.ts, which takes longer to load. */
export function declareSimulate(command: Command): Command {
  return command
    .description('simulated cameras: RTSP, ONVIF and discovery as six makers have them, with faults to order')
    .addOption(
      new Option('--persona <name...>', 'whose cameras, by turns')
        .choices([...PERSONA_NAMES, 'all'])
        .default(['generic'], 'generic'),
    )
    .option('--count <number>', 'how many (default: one of each persona)', positive)
    .option('--name <name>', 'their name; several are numbered (default: the persona)')
    .option('--address <ip>', 'where they listen', ipv4, '127.0.0.1')
    .option(
      '--own-ports',
      "the maker's ports (554, 80, 2020, …), each camera at an address of its own from --address on",
    )
    .option('--interface <name>', 'put the addresses on this network interface, and take them off at the end (root)')
    .option('--mac <address>', "the camera's MAC (default: made up)")
    .option('--username <name>', 'who may sign in', 'admin')
    .option('--password-file <file>', 'with what (default: $NVR_UPLINK_SIMULATE_PASSWORD, else a new random one)')
    .option('--https', 'ONVIF over HTTPS too, with a certificate that signs itself')
    .option('--card', 'an SD card in each, which records all the time, and Profile G to ask for it')
    .option('--no-discovery', 'do not answer WS-Discovery')
    .option('--small', 'small pictures, for many cameras on a small machine')
    .addOption(
      new Option('--fault <name[=value]>', 'something they do wrong (see below); may be repeated')
        .argParser(addFault)
        .default([], 'none'),
    )
    .option('--same-scene', 'all look at one scene, drawn and encoded once')
    .option('--dir <folder>', 'where encoded scenes are kept (default: ~/.cache/nvr-uplink)')
    .addHelpText('after', () => `\nFaults:\n${faultTable()}`);
}

function faultTable(): string {
  const forms: [string, { says: string; unit?: string; usual?: number | string }][] = Object.entries(FAULTS);
  const whole = Object.entries(CONDUCTS).map(([name, says]) => `  ${name.padEnd(24)} ${says}`);
  const onvif = forms.map(([name, { says, unit, usual }]) => {
    const value = unit === undefined ? '' : `=${unit}`;
    return `  ${(name + value).padEnd(24)} ${says}${unit === undefined ? '' : ` (without value: ${usual})`}`;
  });
  return [...whole, ...onvif].join('\n');
}

function addFault(text: string, before: WantedFault[]): WantedFault[] {
  if (isConduct(text)) return [...before, { name: text, value: true, conduct: text }];
  try {
    return [...before, parseFault(text)];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 256) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 to 256.');
}

function ipv4(text: string): string {
  if (isIPv4(text)) return text;
  throw new InvalidArgumentError('It must be an IPv4 address.');
}

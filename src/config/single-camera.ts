import type { Environment } from './environment.js';
import { type Fault, showValue } from './faults.js';

/**
 * The environment of the single-camera hobby app: CAMERA_IP, USRNAME, PASSWORD, CALM_PERIOD (seconds), PORT. A Tapo serves its
 * full picture as `stream1` and the small one as `stream2`: motion is looked for in the small one, and once it has been calm for so
 * long, one picture of the full one is kept.
 */
export function singleCamera(environment: Environment): Record<string, unknown> | undefined {
  const { CAMERA_IP, USRNAME, PASSWORD, CALM_PERIOD = '10', PORT } = environment;
  if (!CAMERA_IP) return undefined;
  const address = CAMERA_IP.includes(':') ? CAMERA_IP : `${CAMERA_IP}:554`;
  return {
    cameras: {
      camera: {
        streams: { main: `rtsp://${address}/stream1`, sub: `rtsp://${address}/stream2` },
        ...(USRNAME ? { username: USRNAME } : {}),
        ...(PASSWORD ? { password: PASSWORD } : {}),
      },
    },
    motion: { sources: ['analysis', 'external'] },
    snapshot: { calm: /^\d+$/.test(CALM_PERIOD) ? `${CALM_PERIOD}s` : CALM_PERIOD },
    ...(PORT ? { web: { listen: `127.0.0.1:${PORT}` } } : {}),
  };
}

/** What is told of a fault: whoever has no file is to read the name of the variable, and of no setting. */
const VARIABLES: readonly { setting: string; variable: string; remedy?: string }[] = [
  {
    ...{ setting: 'cameras.camera.streams', variable: 'CAMERA_IP' },
    remedy: 'write the address of the camera, e.g. 192.168.1.20, or 192.168.1.20:8554',
  },
  { setting: 'cameras.camera.username', variable: 'USRNAME', remedy: 'set it to the user of the camera account' },
  { setting: 'cameras.camera.password', variable: 'PASSWORD' },
  { setting: 'snapshot.calm', variable: 'CALM_PERIOD', remedy: 'write a number of seconds from 1 to 3600, e.g. 10' },
  { setting: 'web.listen', variable: 'PORT', remedy: 'write a number up to 65535, e.g. 8080' },
];

const OVERRIDE = (setting: string) => `NVR_UPLINK__${setting.toUpperCase().replaceAll('.', '__')}`;

/** Faults of a single camera in the words of its environment, each once. */
export function inVariables(faults: readonly Fault[], environment: Environment): Fault[] {
  const told = faults.map((fault): Fault => {
    const known = VARIABLES.find(({ setting }) => fault.path === setting || fault.path.startsWith(`${setting}.`));
    if (!known || isOverridden(fault.path, environment)) return fault;
    const { variable, remedy = fault.remedy } = known;
    return { path: variable, value: showValue(variable, environment[variable]), remedy };
  });
  return told.filter(
    ({ path, remedy }, n) => told.findIndex((one) => one.path === path && one.remedy === remedy) === n,
  );
}

/** What the shape of the configuration cannot say: a camera may have a user without a password, this kind does not. */
export function signInFault(environment: Environment): Fault[] {
  const { USRNAME, PASSWORD } = environment;
  if (!USRNAME || PASSWORD || isOverridden('cameras.camera.password', environment)) return [];
  return [{ path: 'PASSWORD', remedy: 'USRNAME is given without it: set it to the password of the camera account' }];
}

function isOverridden(setting: string, environment: Environment): boolean {
  const name = OVERRIDE(setting);
  return environment[name] !== undefined || environment[`${name}_FILE`] !== undefined;
}

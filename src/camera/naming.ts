import { isName } from '../segment.js';
import type { SurveyedCamera } from './survey.js';

/** Names that say nothing: a maker's own for every camera it ships. */
const GENERIC =
  /^(ip-?cam(era)?|camera|network-?camera|ipc|nvt|onvif(-device)?|ip-dome|ip-camera|nvr|dvr|xvr|channel-?\d*|\d+)$/;

/**
 * What a camera is called in the configuration: as its owner called it, else its maker and the end of its MAC or serial
 * number. Never one of `taken`.
 */
export function nameCamera(camera: SurveyedCamera, taken: ReadonlySet<string>): string {
  const own = slug(camera.name ?? '');
  const isTelling =
    own !== '' && !GENERIC.test(own) && own !== slug(camera.model ?? '') && own !== slug(camera.manufacturer ?? '');
  const maker = slug(camera.manufacturer?.split(/\s/)[0] ?? '') || 'camera';
  const tail = slug((camera.mac ?? camera.serial ?? camera.address).replaceAll(':', '')).slice(-4);
  const wanted = isTelling ? own : `${maker}-${tail}`;
  const names = [wanted, ...(isTelling ? [`${wanted}-${tail}`] : [])];
  for (let n = 2; ; n++) {
    const free = names.find((name) => isName(name) && name !== 'index' && !taken.has(name));
    if (free) return free;
    names.push(`${wanted.slice(0, 58)}-${n}`);
  }
}

function slug(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 58)
    .replace(/^-+|-+$/g, '');
}

/** The environment variable for a camera's password: `FRONT_DOOR_PASSWORD`. */
export function passwordVariable(name: string): string {
  const word = name.toUpperCase().replaceAll('-', '_');
  return `${/^\d/.test(word) ? 'CAMERA_' : ''}${word}_PASSWORD`;
}

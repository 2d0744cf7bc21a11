import { type Setting, setSetting } from '../config/edit.js';
import { nameCamera, passwordVariable } from './naming.js';
import type { Recognised } from './recognise.js';
import type { SurveyedCamera } from './survey.js';
import { isStream } from './survey-stream.js';

/** What is to be done to the configuration. */
export type Addition =
  | { action: 'add'; name: string; camera: SurveyedCamera; settings: Record<string, Setting>; variable: string | null }
  | { action: 'move'; names: string[]; camera: SurveyedCamera; from: string };

export interface Found {
  camera: SurveyedCamera;
  recognised: Recognised | null;
}

/** New cameras that could be signed in to, and known ones at another address. A recorder is one camera for each channel. */
export function additionsOf(
  found: readonly Found[],
  signIn: { username?: string; certificate?: string },
  names: Iterable<string>,
): Addition[] {
  const taken = new Set(names);
  const additions: Addition[] = [];
  for (const { camera, recognised } of found) {
    if (recognised) {
      const { names, movedFrom } = recognised;
      if (movedFrom !== null) additions.push({ action: 'move', names, camera, from: movedFrom });
      continue;
    }
    const channels = [...new Set(camera.streams.map(({ channel }) => channel))];
    if (!camera.authenticated || channels.length === 0) continue;
    const base = nameCamera(camera, taken);
    for (const channel of channels) {
      const isOnly = channels.length === 1;
      const name = isOnly ? base : nameCamera({ ...camera, name: `${base}-${channel}` }, taken);
      taken.add(name);
      const variable = signIn.username === undefined ? null : passwordVariable(base);
      const settings = settingsOf(camera, isOnly ? undefined : channel, signIn, variable);
      additions.push({ action: 'add', name, camera, settings, variable });
    }
  }
  return additions;
}

function settingsOf(
  { address, serial, mac }: SurveyedCamera,
  channel: number | undefined,
  { username, certificate }: { username?: string; certificate?: string },
  variable: string | null,
): Record<string, Setting> {
  return {
    ...(isStream(address) ? { streams: { main: address } } : { address }),
    ...(certificate !== undefined && address.startsWith('https:') && { certificate }),
    ...(channel !== undefined && { channel }),
    ...(username !== undefined && { username, password: `\${${variable}}` }),
    ...(serial !== null && { serial }),
    ...(mac !== null && { mac }),
  };
}

const HEAD = `# nvr-uplink: all settings are explained in docs/operating.md; check this file with: nvr-uplink config validate
`;

/** The file with all of them in it; what is there keeps its comments. */
export function withAdditions(text: string, additions: readonly Addition[]): string {
  let edited = text.trim() === '' ? HEAD : text;
  for (const addition of additions) {
    if (addition.action === 'add') edited = setSetting(edited, ['cameras', addition.name], addition.settings);
    else
      for (const name of addition.names) {
        edited = setSetting(edited, ['cameras', name, 'address'], addition.camera.address);
      }
  }
  return additions.length === 0 ? text : edited;
}

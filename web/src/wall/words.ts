import type { CameraStatus, RemoteStatus } from '../../../src/browse/api.js';
import { ago, count } from '../format.js';
import type { Zone } from '../timeline/zone.js';

/** What a camera does, in words. No DOM here: these are unit-tested. */

export interface Doing {
  /** `rest`: nothing is recorded, and nothing is wrong. */
  mood: 'good' | 'bad' | 'rest';
  chip: string;
  /** Why it does not record, or until when. */
  sentence?: string;
}

export function doingOf(camera: CameraStatus, zone: Zone, now: number): Doing {
  const { recording, idle, delivered, off, offUntil, reason } = camera;
  if (recording) return idle ? { mood: 'good', chip: 'Waiting for motion' } : { mood: 'good', chip: 'Recording' };
  if (delivered) return { mood: 'good', chip: 'Delivered', sentence: reason };
  if (!off) return { mood: 'bad', chip: 'Not recording', sentence: reason ?? 'No reason is known.' };
  const sentence = offUntil ? `Off by schedule until ${moment(Date.parse(offUntil), zone, now)}` : reason;
  return { mood: 'rest', chip: 'Off', sentence };
}

/** `2 of 3 cameras recording, 1 waiting for motion, 1 off`. What others deliver and what is to be off is not owed. */
export function tally(cameras: readonly CameraStatus[]): string {
  const ours = cameras.filter(({ delivered }) => !delivered);
  const off = ours.filter(({ recording, off }) => off && !recording).length;
  const idle = ours.filter(({ recording, idle }) => recording && idle).length;
  const recording = ours.filter((camera) => camera.recording).length - idle;
  const delivered = cameras.length - ours.length;
  return [
    `${recording} of ${count(ours.length - off, 'camera')} recording`,
    ...(idle > 0 ? [`${idle} waiting for motion`] : []),
    ...(off > 0 ? [`${off} off`] : []),
    ...(delivered > 0 ? [`${delivered} delivered by others`] : []),
  ].join(', ');
}

/** `, 2 files are there, and count once looked at again: the first in 8 min`; nothing where none are. */
export function settling({ lookAgain }: Pick<RemoteStatus, 'lookAgain'>, now: number): string {
  if (!lookAgain || lookAgain.files === 0) return '';
  const { files, firstAt } = lookAgain;
  const at = firstAt === null ? now : Date.parse(firstAt);
  const when = at <= now ? 'due' : `${files === 1 ? '' : 'the first '}${ago(at, now)}`;
  return `, ${count(files, 'file')} ${files === 1 ? 'is there, and counts' : 'are there, and count'} once looked at again: ${when}`;
}

/** `19:00` today, else with its day. */
function moment(time: number, zone: Zone, now: number): string {
  const day = zone.dayOf(time);
  return day === zone.dayOf(now) ? zone.shortClock(time) : `${zone.dayTitle(day)}, ${zone.shortClock(time)}`;
}

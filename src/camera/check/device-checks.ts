import { Failure } from '../../../lib/errors.js';
import { isSameZone, posixRule, ruleOffsets, zoneOffsets } from '../../../lib/posix-timezone.js';
import { type Check, fail, type Judgement, ok, setCommand, unknown, warn } from './check.js';
import type { CameraFacts, OnvifFacts } from './facts.js';

/** For checks that ask what only ONVIF tells. */
function byOnvif(judge: (onvif: OnvifFacts, facts: CameraFacts) => Judgement) {
  return (facts: CameraFacts): Judgement | undefined => {
    const { onvif } = facts;
    return onvif === undefined || onvif instanceof Failure ? undefined : judge(onvif, facts);
  };
}

const reachable: Check = {
  id: 'onvif',
  title: 'ONVIF',
  judge({ onvif }) {
    if (onvif === undefined) return unknown('not used', 'give the camera an `address` in the configuration');
    if (onvif instanceof Failure) return fail(onvif.message, onvif.hint ?? 'check the camera');
    const { profiles } = onvif;
    const measured = profiles.length > 0 ? `profile ${profiles.join(', ')}` : 'no profile claimed';
    if (profiles.includes('S') || profiles.includes('T')) return ok(measured);
    return warn(measured, 'expect gaps in what can be set; newer firmware may claim profile S or T');
  },
};

const password: Check = {
  id: 'password',
  title: 'password',
  judge({ signIn: { username, isWellKnown }, ...facts }) {
    if (username === undefined) return warn('none needed', 'give the camera a user with a password: anybody may watch');
    if (!isWellKnown) return ok('not a well-known one');
    const fix = setCommand({ ...facts, signIn: { username, isWellKnown } }, '--new-password', 'change it on its pages');
    return fail(`${username} has a password that everybody tries first`, fix);
  },
};

const https: Check = {
  id: 'https',
  title: 'HTTPS',
  judge: byOnvif(({ secure, offersHttps }, { address }) => {
    if (secure) return ok('used');
    const secured = `https://${address.replace(/:\d+$/, '')}`;
    if (offersHttps) {
      return warn(
        'offered, not used',
        `nvr-uplink discover ${secured} shows its certificate, to be pinned in the configuration`,
      );
    }
    return warn('not offered', 'switch it on at the camera; until then keep cameras in a network of their own');
  }),
};

/** Footage is dated by our clock; what is burnt into the picture, and the sign-in, go by the camera's. */
const DRIFT_WARN_MS = 5_000;
const DRIFT_FAIL_MS = 60_000;

const clock: Check = {
  id: 'clock',
  title: 'clock',
  judge: byOnvif(({ clock: { utc, offsetMs, type } }, facts) => {
    const fix = setCommand(facts, 'ntp=dhcp', 'give the camera a time server');
    if (utc === undefined) return fail('the camera does not know the time', fix);
    const drift = `${describeDrift(offsetMs)}${type ? `, ${type === 'NTP' ? 'by NTP' : 'set by hand'}` : ''}`;
    if (Math.abs(offsetMs) > DRIFT_FAIL_MS) return fail(drift, fix);
    if (Math.abs(offsetMs) > DRIFT_WARN_MS || type === 'Manual') return warn(drift, fix);
    return ok(drift);
  }),
};

/** Cameras tell whole seconds. */
function describeDrift(offsetMs: number): string {
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  if (seconds <= 1) return 'right to the second';
  const amount =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7_200
        ? `${Math.round(seconds / 60)} min`
        : `${Math.round(seconds / 3_600)} h`;
  return `${amount} ${offsetMs > 0 ? 'ahead' : 'behind'}`;
}

const zone: Check = {
  id: 'timezone',
  title: 'time zone',
  judge: byOnvif(({ clock: { timezone } }, facts) => {
    const wanted = facts.timezone;
    const year = new Date(facts.at).getUTCFullYear();
    if (posixRule(wanted, year) === undefined) return unknown(`${wanted} has no fixed rule to compare with`);
    const fix = setCommand(facts, `timezone=${wanted}`, `set it to ${wanted} on its pages`);
    if (!timezone) return warn('the camera tells none', fix);
    const offsets = ruleOffsets(timezone);
    if (offsets && isSameZone(offsets, zoneOffsets(wanted), year)) return ok(wanted);
    return warn(`${timezone}, which is not ${wanted}`, fix);
  }),
};

const storage: Check = {
  id: 'storage',
  title: 'edge storage',
  judge: byOnvif(({ storage: found }) => {
    const advice = 'a memory card in the camera bridges failures of the network';
    if (!found) return unknown('not told (no profile G)', advice);
    if (found.recordings === undefined) return unknown('profile G, but recordings are not told', advice);
    if (found.recordings > 0) return ok(`${found.recordings} ${found.recordings === 1 ? 'recording' : 'recordings'}`);
    return warn('nothing is recorded in the camera', 'put a memory card in and let it record all the time');
  }),
};

export const DEVICE_CHECKS: readonly Check[] = [reachable, password, https, clock, zone, storage];

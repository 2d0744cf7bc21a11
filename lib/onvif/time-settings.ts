import type { Clock } from '../clock.js';
import { isSameZone, ruleOffsets } from '../posix-timezone.js';
import type { OnvifConnection } from './connection.js';
import { SoapFault } from './failures.js';
import type { SettingGroup } from './settings.js';
import { children, escapeXml, textAt, type XmlElement } from './xml.js';

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const SCHEMA = 'http://www.onvif.org/ver10/schema';

/** `timezone`: a POSIX rule. `clock`: `NTP` or `Manual`. `drift`: its clock minus ours in whole seconds; write `0` to set it. */
export type TimeValues = Record<'timezone' | 'clock' | 'drift', string>;

/** What a camera tells is whole seconds, and the way to it takes time: nearer than this is as good as it gets. */
const NEAR_S = 2;

export function time(connection: OnvifConnection, clock: Clock): SettingGroup<TimeValues> {
  return {
    async read(signal) {
      // Signatures follow this reading: without it the camera would refuse us as soon as its clock is set.
      const { timezone, type, offsetMs } = await connection.clock({ signal });
      return { timezone: timezone ?? '', clock: type ?? '', drift: String(Math.round(offsetMs / 1000)) };
    },
    async write(values, present, signal) {
      const type = values.clock ?? (values.drift === undefined ? present.clock : 'Manual');
      const timezone = values.timezone ?? present.timezone;
      const call = (zone: string) =>
        connection.call({ service: 'device', body: setClock(type, zone, clock.now()), signal });
      try {
        await call(timezone);
      } catch (error) {
        // Some cameras refuse any time zone, even their own; the rest can still be had.
        if (!(error instanceof SoapFault) || values.timezone !== undefined || !timezone) throw error;
        await call('');
      }
    },
    isSame(name, has, wanted) {
      if (name === 'drift') return has !== '' && Math.abs(Number(has) - Number(wanted)) <= NEAR_S;
      if (name !== 'timezone') return has === wanted;
      const [a, b] = [ruleOffsets(has), ruleOffsets(wanted)];
      return a && b ? isSameZone(a, b, new Date(clock.now()).getUTCFullYear()) : has === wanted;
    },
  };
}

function setClock(type: string, timezone: string, now: number): string {
  const at = new Date(now);
  const zone = timezone && `<TimeZone><TZ xmlns="${SCHEMA}">${escapeXml(timezone)}</TZ></TimeZone>`;
  const time = `<Time xmlns="${SCHEMA}"><Hour>${at.getUTCHours()}</Hour><Minute>${at.getUTCMinutes()}</Minute><Second>${at.getUTCSeconds()}</Second></Time>`;
  const date = `<Date xmlns="${SCHEMA}"><Year>${at.getUTCFullYear()}</Year><Month>${at.getUTCMonth() + 1}</Month><Day>${at.getUTCDate()}</Day></Date>`;
  const isManual = type !== 'NTP';
  // A rule with two names has a summer time; the flag beside it says that it is to be kept.
  const summer = /^[^,]+,M/.test(timezone);
  return (
    `<SetSystemDateAndTime xmlns="${DEVICE}"><DateTimeType>${isManual ? 'Manual' : 'NTP'}</DateTimeType>` +
    `<DaylightSavings>${summer}</DaylightSavings>${zone}` +
    `${isManual ? `<UTCDateTime>${time}${date}</UTCDateTime>` : ''}</SetSystemDateAndTime>`
  );
}

/** `ntp`: `dhcp`, or servers with commas between them. */
export function timeServers(connection: OnvifConnection): SettingGroup<{ ntp: string }> {
  return {
    async read(signal) {
      const body = `<GetNTP xmlns="${DEVICE}"/>`;
      const reply = await connection.call({ service: 'device', body, signal });
      const [information] = children(reply, 'NTPInformation');
      if (textAt(information, 'FromDHCP') === 'true') return { ntp: 'dhcp' };
      return { ntp: children(information, 'NTPManual').map(hostOf).filter(Boolean).join(',') };
    },
    async write({ ntp = '' }, _present, signal) {
      const servers = ntp === 'dhcp' ? [] : ntp.split(',');
      const body = `<SetNTP xmlns="${DEVICE}"><FromDHCP>${ntp === 'dhcp'}</FromDHCP>${servers.map(manualServer).join('')}</SetNTP>`;
      await connection.call({ service: 'device', body, signal });
    },
  };
}

function hostOf(server: XmlElement): string {
  return textAt(server, 'IPv4Address') ?? textAt(server, 'IPv6Address') ?? textAt(server, 'DNSname') ?? '';
}

function manualServer(host: string): string {
  const [type, field] = /^[\d.]+$/.test(host)
    ? ['IPv4', 'IPv4Address']
    : host.includes(':')
      ? ['IPv6', 'IPv6Address']
      : ['DNS', 'DNSname'];
  const inside = `<Type xmlns="${SCHEMA}">${type}</Type><${field} xmlns="${SCHEMA}">${escapeXml(host)}</${field}>`;
  return `<NTPManual>${inside}</NTPManual>`;
}

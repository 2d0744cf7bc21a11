import { isIP } from 'node:net';
import type { Device, Operation } from './onvif-service.js';
import { find, findAll, type SoapElement, textAt } from './soap.js';
import { badValue, leaf, SoapFault, tag } from './soap-reply.js';

/** Clock, time zone and NTP. */
export function timeOperations({ clock, settings }: Device): Record<string, Operation> {
  return {
    GetSystemDateAndTime: () => {
      const { type, zone, daylightSavings } = settings.time;
      return tag(
        'tds:GetSystemDateAndTimeResponse',
        tag(
          'tds:SystemDateAndTime',
          leaf('tt:DateTimeType', type),
          leaf('tt:DaylightSavings', daylightSavings),
          tag('tt:TimeZone', leaf('tt:TZ', zone)),
          tag('tt:UTCDateTime', dateTime(clock.now())),
          tag('tt:LocalDateTime', dateTime(clock.now() + offsetMs(zone))),
        ),
      );
    },
    SetSystemDateAndTime: ({ request: { body } }) => {
      const type = textAt(body, 'DateTimeType');
      if (type !== 'Manual' && type !== 'NTP') throw badValue('DateTimeType', type);
      const zone = textAt(body, 'TimeZone', 'TZ') ?? settings.time.zone;
      if (!ZONE.test(zone))
        throw new SoapFault('Sender', ['InvalidArgVal', 'InvalidTimeZone'], `No time zone: ${zone}`);
      const wanted = type === 'Manual' ? readDateTime(find(body, 'UTCDateTime')) : undefined;
      settings.time = { type, zone, daylightSavings: textAt(body, 'DaylightSavings') === 'true' };
      if (wanted === undefined) clock.synchronise();
      else clock.set(wanted);
      return '<tds:SetSystemDateAndTimeResponse/>';
    },
    GetNTP: () => {
      const { fromDhcp, servers } = settings.ntp;
      const list = servers.map((server) => hostXml('tt:NTPManual', server));
      return tag('tds:GetNTPResponse', tag('tds:NTPInformation', leaf('tt:FromDHCP', fromDhcp), ...list));
    },
    SetNTP: ({ request: { body } }) => {
      const servers = findAll(body, 'NTPManual').map(readHost);
      const fromDhcp = textAt(body, 'FromDHCP') === 'true';
      if (!fromDhcp && servers.length === 0) throw badValue('NTP server', undefined);
      settings.ntp = { fromDhcp, servers };
      return '<tds:SetNTPResponse/>';
    },
  };
}

/** POSIX time zones: `CET-1CEST,M3.5.0,M10.5.0/3`, `<+03>-3`, `UTC0`. */
const ZONE = /^(?:[A-Za-z]{3,}|<[\w+-]+>)([+-]?\d{1,2})(?::(\d{2}))?(?::\d{2})?(?:[A-Za-z]{3,}|<[\w+-]+>)?[^\s<>]*$/;

/** East of Greenwich is positive, unlike in the text. Daylight saving is left out: clients go by UTC. */
function offsetMs(zone: string): number {
  const [, hours = '0', minutes = '0'] = ZONE.exec(zone) ?? [];
  const west = Math.abs(Number(hours)) * 60 + Number(minutes);
  return (hours.startsWith('-') ? west : -west) * 60_000;
}

function dateTime(at: number): string {
  const time = new Date(at);
  return (
    tag(
      'tt:Time',
      leaf('tt:Hour', time.getUTCHours()),
      leaf('tt:Minute', time.getUTCMinutes()),
      leaf('tt:Second', time.getUTCSeconds()),
    ) +
    tag(
      'tt:Date',
      leaf('tt:Year', time.getUTCFullYear()),
      leaf('tt:Month', time.getUTCMonth() + 1),
      leaf('tt:Day', time.getUTCDate()),
    )
  );
}

function readDateTime(element: SoapElement | undefined): number {
  const number = (...path: string[]) => Number(textAt(element, ...path) ?? Number.NaN);
  const [year, month, day] = [number('Date', 'Year'), number('Date', 'Month'), number('Date', 'Day')];
  const [hour, minute, second] = [number('Time', 'Hour'), number('Time', 'Minute'), number('Time', 'Second')];
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  const again = new Date(at);
  const same = again.getUTCMonth() === month - 1 && again.getUTCDate() === day && again.getUTCHours() === hour;
  if (same) return at;
  throw new SoapFault('Sender', ['InvalidArgVal', 'InvalidDateTime'], 'No such date and time');
}

/** A host by its kind, as NTP and DNS have it. */
export function hostXml(name: string, host: string): string {
  const kind = { 0: 'DNS', 4: 'IPv4', 6: 'IPv6' }[isIP(host)] ?? 'DNS';
  return tag(name, leaf('tt:Type', kind), leaf(kind === 'DNS' ? 'tt:DNSname' : `tt:${kind}Address`, host));
}

export function readHost(element: SoapElement): string {
  const host = ['IPv4Address', 'IPv6Address', 'DNSname'].map((name) => textAt(element, name)).find(Boolean);
  const isHost = host !== undefined && (isIP(host) !== 0 || /^[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/.test(host));
  if (!isHost) throw badValue('host', host);
  return host;
}

/**
 * How cameras and recorders name what they deliver. Each pattern is held against the whole path, with `/` between its parts; it
 * names the camera as the maker does, and when the file begins and ends by the camera's own clock. Evidence for each is in
 * real installations' files; brackets, blanks and any other characters are normal in them.
 */
export type LayoutName = 'dahua' | 'hikvision' | 'foscam' | 'axis' | 'reolink' | 'onvif';

/** What a path says. Wall times are in the camera's zone, as if they were UTC, ms. */
export interface ReadName {
  /** What the device calls the camera; undefined where the path does not say. */
  label?: string;
  start: number;
  end?: number;
  /** The times are UTC, and of no zone. */
  isUtc?: true;
}

const DATE14 = String.raw`(?<Y>\d{4})(?<M>\d\d)(?<D>\d\d)(?<h>\d\d)(?<m>\d\d)(?<s>\d\d)`;
const END14 = String.raw`(?<Y2>\d{4})(?<M2>\d\d)(?<D2>\d\d)(?<h2>\d\d)(?<m2>\d\d)(?<s2>\d\d)`;
const DAHUA_DAY = String.raw`^(?:.*?(?<label>[^/]+)/)??(?<Y>\d{4})-(?<M>\d\d)-(?<D>\d\d)/(?<channel>\d{3})/`;

const ONVIF_DAY = String.raw`(?<Y>\d{4})-(?<M>\d\d)-(?<D>\d\d)`;
const ONVIF_TIME = String.raw`(?<h>\d\d)/(?<m>\d\d)-(?<s>\d\d)(?:\.(?<fraction>\d{1,6}))?(?<utc>Z)\.\d+\.[^/]+`;

/** In this order: what is told apart surely comes first. */
const PATTERNS: readonly (readonly [LayoutName, RegExp])[] = [
  // {serial}/2026-05-03/001/dav/02/02.12.30-02.13.00[M][0@0][0].mp4
  [
    'dahua',
    new RegExp(
      String.raw`${DAHUA_DAY}(?:dav|mp4|avi)/\d\d/(?<h>\d\d)\.(?<m>\d\d)\.(?<s>\d\d)-(?<h2>\d\d)\.(?<m2>\d\d)\.(?<s2>\d\d)\[.*$`,
      'i',
    ),
  ],
  // {serial}/2026-05-03/001/jpg/02/12/30[M][0@0][0].jpg, and …/jpg/02/12.30[M]…
  ['dahua', new RegExp(String.raw`${DAHUA_DAY}jpg/(?<h>\d\d)/(?<m>\d\d)[./](?<s>\d\d)\[.*$`, 'i')],
  // {nvr}_ch1_main_20260503021230_20260503021300.dav
  ['dahua', new RegExp(String.raw`^(?:.*/)?(?<label>[^/]+_ch\d+)_[a-z]+\d*_${DATE14}_${END14}[^/]*$`, 'i')],
  // 192.168.1.64_01_20260503021230456_MOTION_DETECTION.jpg
  ['hikvision', new RegExp(String.raw`^(?:.*/)?(?<label>[^/]+_\d\d)_${DATE14}(?<ms>\d{3})_[A-Z][A-Z_]*\.[^/]+$`, 'i')],
  // FI9900P_00626EAABBCC/record/MDalarm_20260503_021230.mkv, …/snap/MDAlarm_20260503-021230.jpg
  [
    'foscam',
    /^(?:.*\/)?(?<label>[^/]+_[0-9A-F]{12})\/(?:record|snap)\/[a-z]*alarm_(?<Y>\d{4})(?<M>\d\d)(?<D>\d\d)[_-](?<h>\d\d)(?<m>\d\d)(?<s>\d\d)\.[^/]+$/i,
  ],
  // axis-ACCC8EAABBCC/20260503/02/20260503_021230_0001_ACCC8EAABBCC/20260503_02/20260503_021230_A1B2.mkv
  [
    'axis',
    /^(?:.*\/)?axis-(?<label>[0-9A-F]{12})\/(?:.*\/)?(?<Y>\d{4})(?<M>\d\d)(?<D>\d\d)_(?<h>\d\d)(?<m>\d\d)(?<s>\d\d)_[0-9A-F]{4}\.[^/]+$/i,
  ],
  // Front Door/Mp4Record/2026-05-03/RecM01_20260503_021230_021300_6D28808_13CE8C7.mp4: the digits after RecM are the form of the name
  [
    'reolink',
    /^(?:.*?(?<label>[^/]+)\/)??(?:Mp4Record\/)?(?:\d{4}[-/]\d\d[-/]\d\d\/)?Rec[A-Z][0-9A-F]{2}_(?:DST)?(?<Y>\d{4})(?<M>\d\d)(?<D>\d\d)_(?<h>\d\d)(?<m>\d\d)(?<s>\d\d)_(?<h2>\d\d)(?<m2>\d\d)(?<s2>\d\d)[_.][^/]*$/i,
  ],
  // front/2026-05-03/main/02/12-30.456Z.0.mp4: as cameras record into a bucket themselves (ONVIF Recording Control, annex on object storage)
  ['onvif', new RegExp(`^(?:.*?(?<label>[^/]+)/)${ONVIF_DAY}/(?:.*/)?${ONVIF_TIME}$`, 'i')],
  // … and without a prefix, where only what follows the day can name the camera
  ['onvif', new RegExp(`^${ONVIF_DAY}/(?:(?:.*/)?(?<label>[^/]+)/)?${ONVIF_TIME}$`, 'i')],
  // 2026/05/03/Front Door_01_20260503021230.mp4
  ['reolink', new RegExp(String.raw`^(?:.*/)?(?<label>[^/]+?)_${DATE14}\.[^/]+$`, 'i')],
];

export const LAYOUTS: readonly LayoutName[] = [...new Set(PATTERNS.map(([name]) => name))];

/** What a path says by a maker's layout, or by the first that fits of all of them; undefined where none does. */
export function readName(path: string, layout: LayoutName | 'auto'): ReadName | undefined {
  for (const [name, pattern] of PATTERNS) {
    if (layout !== 'auto' && layout !== name) continue;
    const groups = pattern.exec(path)?.groups;
    const read = groups && timesIn(groups);
    if (read) return read;
  }
  return undefined;
}

/** Undefined where the digits are no time: a serial number of fourteen digits is none. */
export function timesIn(groups: Record<string, string | undefined>): ReadName | undefined {
  if (groups.unix !== undefined) {
    return { ...(groups.label && { label: groups.label }), start: Number(groups.unix) * 1_000, isUtc: true };
  }
  const start = wallTime(groups);
  if (start === undefined) return undefined;
  const { h2, m2, s2, Y2 = groups.Y, M2 = groups.M, D2 = groups.D, channel } = groups;
  const label = groups.label && (channel ? `${groups.label}/${channel}` : groups.label);
  let end = h2 === undefined ? undefined : wallTime({ Y: Y2, M: M2, D: D2, h: h2, m: m2, s: s2 });
  // Where only the time of day is given, the end may lie in the next day.
  if (end !== undefined && end < start && groups.Y2 === undefined) end += 86_400_000;
  const isUtc = groups.utc !== undefined && ({ isUtc: true } as const);
  return { ...(label !== undefined && { label }), start, ...(end !== undefined && end > start && { end }), ...isUtc };
}

function wallTime(groups: Record<string, string | undefined>): number | undefined {
  const of = (name: string, otherwise = 0) => Number(groups[name] ?? otherwise);
  const year = groups.Y === undefined ? 2000 + of('y') : of('Y');
  const [month, day, hour, minute, second] = [of('M', 1), of('D', 1), of('h'), of('m'), of('s')];
  const ms = groups.fraction === undefined ? of('ms') : Number(groups.fraction.padEnd(3, '0').slice(0, 3));
  const time = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  const shown = new Date(time);
  const isReal =
    shown.getUTCMonth() === month - 1 && shown.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal && year >= 2000 ? time : undefined;
}

export function readByTemplate(path: string, template: RegExp): ReadName | undefined {
  const groups = template.exec(path)?.groups;
  return groups && timesIn(groups);
}

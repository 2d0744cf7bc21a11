import { describe, expect, it } from 'vitest';
import { compileTemplate } from '../../../lib/name-template.js';
import { readByTemplate, readName } from '../../../src/inbox/layouts.js';

const wall = (text: string) => Date.parse(`2026-05-03T${text}Z`);

describe('names of makers', () => {
  it.each([
    ['AMC0123/2026-05-03/001/dav/02/02.12.30-02.13.05[M][0@0][0].mp4', 'dahua', 'AMC0123/001', '02:12:30', '02:13:05'],
    [
      'IPC/AMC0123/2026-05-03/002/dav/02/02.12.30-02.13.05[R][0@0][0].dav',
      'dahua',
      'AMC0123/002',
      '02:12:30',
      '02:13:05',
    ],
    ['2026-05-03/001/dav/02/02.12.30-02.13.05[A][0@0][0].mp4', 'dahua', undefined, '02:12:30', '02:13:05'],
    ['AMC0123/2026-05-03/001/jpg/02/12/30[M][0@0][0].jpg', 'dahua', 'AMC0123/001', '02:12:30', undefined],
    ['AMC0123/2026-05-03/001/jpg/02/12.30[M][0@0][0].jpg', 'dahua', 'AMC0123/001', '02:12:30', undefined],
    ['NVR5216_ch3_main_20260503021230_20260503021500.dav', 'dahua', 'NVR5216_ch3', '02:12:30', '02:15:00'],
    [
      'shop/192.168.1.64_01_20260503021230456_MOTION_DETECTION.jpg',
      'hikvision',
      '192.168.1.64_01',
      '02:12:30.456',
      undefined,
    ],
    ['2026/05/03/Front Door_01_20260503021230.mp4', 'reolink', 'Front Door_01', '02:12:30', undefined],
    ['2026/05/03/Einfahrt Süd_20260503021230.jpg', 'reolink', 'Einfahrt Süd', '02:12:30', undefined],
    ['RecM01_20260503_021230_021300_6D28808_13CE8C7.mp4', 'reolink', undefined, '02:12:30', '02:13:00'],
    ['Front Door/RecS0A_DST20260503_021230_021300_0_13CE8C7.mp4', 'reolink', 'Front Door', '02:12:30', '02:13:00'],
    [
      'ftp/Front Door/Mp4Record/2026-05-03/RecM02_20260503_021230_021300_6D28808.mp4',
      'reolink',
      'Front Door',
      '02:12:30',
      '02:13:00',
    ],
    [
      'FI9900P_00626EAABBCC/record/MDalarm_20260503_021230.mkv',
      'foscam',
      'FI9900P_00626EAABBCC',
      '02:12:30',
      undefined,
    ],
    ['FI9900P_00626EAABBCC/snap/MDAlarm_20260503-021230.jpg', 'foscam', 'FI9900P_00626EAABBCC', '02:12:30', undefined],
    [
      'axis-ACCC8EAABBCC/20260503/02/20260503_021230_0001_ACCC8EAABBCC/20260503_02/20260503_021230_A1B2.mkv',
      'axis',
      'ACCC8EAABBCC',
      '02:12:30',
      undefined,
    ],
  ] as const)('%s', (path, layout, label, start, end) => {
    const wanted = { ...(label && { label }), start: wall(start), ...(end && { end: wall(end) }) };
    expect(readName(path, 'auto')).toEqual(wanted);
    expect(readName(path, layout)).toEqual(wanted);
  });

  it.each([
    ['shop/front/2026-05-03/02/12-30Z.0.mp4', 'front', '02:12:30.000'],
    ['front/2026-05-03/main/02/12-30.456789Z.17.mp4', 'front', '02:12:30.456'],
    ['2026-05-03/yard/main/02/12-30.5Z.0.m4v', 'main', '02:12:30.500'],
    ['2026-05-03/02/12-30Z.0.mp4', undefined, '02:12:30.000'],
  ])('%s is of a camera that records into a bucket by itself, in UTC', (path, label, start) => {
    const wanted = { ...(label && { label }), start: wall(start), isUtc: true };
    expect(readName(path, 'auto')).toEqual(wanted);
    expect(readName(path, 'onvif')).toEqual(wanted);
  });

  it('past midnight end in the next day', () => {
    const read = readName('A1/2026-05-03/001/dav/23/23.59.30-00.00.10[R][0@0][0].mp4', 'auto')!;
    expect(read.end! - read.start).toBe(40_000);
    const reolink = readName('RecM01_20260503_235930_000010_6D28808_13CE8C7.mp4', 'auto')!;
    expect(reolink.end! - reolink.start).toBe(40_000);
  });

  it.each([
    'clip.mp4',
    'front_20261303021230.mp4',
    'front_20260231021230.mp4',
    'front_20260503251230.mp4',
    'front_19700101000000.mp4',
    'A1/2026-05-03/001/dav/25/25.12.30-25.13.05[M][0@0][0].mp4',
  ])('that tell no time are not known: %s', (path) => expect(readName(path, 'auto')).toBeUndefined());

  it('of another maker are not known where one is set', () => {
    expect(readName('2026/05/03/front_20260503021230.mp4', 'axis')).toBeUndefined();
  });
});

describe('a template', () => {
  const read = (template: string, path: string) => readByTemplate(path, compileTemplate(template));

  it('reads what stands in braces, and lets stars stand for anything', () => {
    expect(read('{camera}/{YYYY}-{MM}-{DD}/*_{hh}.{mm}.{ss}.mp4', 'cams/gate/2026-05-03/rec[1]_02.12.30.mp4')).toEqual({
      label: 'gate',
      start: wall('02:12:30'),
    });
    expect(read('{camera}/**/{unix}.*', 'gate/a/b/1777774350.mkv')).toEqual({
      label: 'gate',
      start: 1_777_774_350_000,
      isUtc: true,
    });
    expect(read('{YYYY}/{MM}/{DD}/{YYYY}{MM}{DD}{hh}{mm}{ss}.mp4', '2026/05/03/20260503021230.mp4')).toEqual({
      start: wall('02:12:30'),
    });
  });

  it('does not read a name whose folders contradict it', () => {
    expect(read('{YYYY}/{MM}/{DD}/{YYYY}{MM}{DD}{hh}{mm}{ss}.mp4', '2026/05/04/20260503021230.mp4')).toBeUndefined();
  });

  it('takes every other sign as it is', () => {
    expect(read('[{camera}] ({DD}.{MM}.{YYYY})+.mp4', '[a] (03.05.2026)+.mp4')).toMatchObject({ label: 'a' });
    expect(read('[{camera}] ({DD}.{MM}.{YYYY})+.mp4', 'a (03x05x2026).mp4')).toBeUndefined();
  });

  it.each([
    ['{camera}/{time}.mp4', /there is no \{time\}/],
    ['{camera}/{hh}{mm}.mp4', /does not say the day/],
    ['{YYYY}{YY}{MM}{DD}', /not both/],
  ])('%s is refused, with what is wrong', (template, message) => {
    expect(() => compileTemplate(template)).toThrow(message);
  });
});

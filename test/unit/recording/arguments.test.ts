import { describe, expect, it } from 'vitest';
import { segmentArguments, sourceList } from '../../../src/recording/arguments.js';

describe('what ffmpeg is told', () => {
  it('holds no address and no secret: those come by standard input', () => {
    const args = segmentArguments({ segmentMs: 300_000, audio: 'copy' }).join(' ');
    expect(args).toContain('-i pipe:0');
    expect(args).toContain('-segment_time 300 ');
    expect(args).not.toMatch(/rtsp:/);
  });

  it('carries any password through the list and the URL unharmed', () => {
    const password = "p@s:s/w'%rd";
    const list = sourceList({ url: 'rtsp://10.0.0.5:554/x?a=1', username: 'ad min', password });
    const [, address] = /^file '([^']*)'$/m.exec(list)!;
    const url = new URL(address!);
    expect(decodeURIComponent(url.password)).toBe(password);
    expect(decodeURIComponent(url.username)).toBe('ad min');
    expect(`${url.host}${url.pathname}${url.search}`).toBe('10.0.0.5:554/x?a=1');
    expect(list).toContain('rtsp_transport tcp');
    expect(sourceList({ url: "rtsp://10.0.0.5/it's" })).toContain("file 'rtsp://10.0.0.5/it%27s'\n");
  });

  it.each([
    ['copy', '-map 0:a:0? -c:a copy'],
    ['aac', '-map 0:a:0? -c:a aac'],
  ] as const)('keeps the sound as %s', (audio, expected) => {
    expect(segmentArguments({ segmentMs: 10_000, audio }).join(' ')).toContain(expected);
  });

  it('leaves the sound out', () => {
    expect(segmentArguments({ segmentMs: 10_000, audio: 'none' }).join(' ')).not.toContain('-c:a');
  });
});

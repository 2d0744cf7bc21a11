import { describe, expect, it } from 'vitest';
import { createLog } from '../../lib/log.js';
import { percentEncode, redact } from '../../lib/redact.js';

const CANARY = "p@ss:w/rd 'quoted' 100%";

describe('what a program printed', () => {
  it.each([
    [`rtsp://u:p@ss@10.0.0.5/x: 401`, 'rtsp://***@10.0.0.5/x: 401'],
    [`a 'sftp://u:p@h' and HTTPS://t@h/x`, `a 'sftp://***@h' and HTTPS://***@h/x`],
    ['rtsp://h/user=a&password=secret&channel=1', 'rtsp://h/user=a&password=***&channel=1'],
    ['http://h/?pwd=secret', 'http://h/?pwd=***'],
    ['rtsp://h/user=a_password=secret_channel=1', 'rtsp://h/user=a_password=***'],
    ['rtsp://10.0.0.5/x mail me@example.com', 'rtsp://10.0.0.5/x mail me@example.com'],
  ])('%s', (text, shown) => expect(redact(text)).toBe(shown));

  it('loses a known secret in each of its spellings', () => {
    const spellings = [CANARY, encodeURIComponent(CANARY), percentEncode(CANARY)];
    for (const spelling of spellings) {
      const shown = redact(`Could not open rtsp://u:${spelling}@h/x, tried ${spelling} twice: ${spelling}`, [CANARY]);
      expect(shown).not.toContain(spelling);
      expect(shown).not.toContain('quoted');
    }
    expect(redact('nothing to hide', [undefined, ''])).toBe('nothing to hide');
  });

  it('is encoded for a URL in an ffmpeg list without a quote left', () => {
    expect(percentEncode("a'(b)!*@:/ %")).toBe('a%27%28b%29%21%2A%40%3A%2F%20%25');
    expect(decodeURIComponent(percentEncode(CANARY))).toBe(CANARY);
  });
});

describe('the log', () => {
  const lines = (format: 'text' | 'json', write: (log: ReturnType<typeof createLog>) => void) => {
    const written: string[] = [];
    write(createLog({ format, write: (line) => written.push(line) }));
    return written.join('');
  };

  it.each(['json', 'text'] as const)('never shows a secret (%s)', (format) => {
    const shown = lines(format, (log) => {
      log.info({ password: 'CANARY', camera: { password: 'CANARY', passphrase: 'CANARY' }, token: 'CANARY' }, 'one');
      log.info({ headers: { authorization: 'CANARY', cookie: 'CANARY' }, url: 'rtsp://u:CANARY@h/x' }, 'two');
      log.warn('rtsp://u:CANARY@h/x failed');
    });
    expect(shown).not.toContain('CANARY');
    expect(shown.trim().split('\n')).toHaveLength(3);
  });

  it('is one JSON object, or one readable line, each', () => {
    const write = (log: ReturnType<typeof createLog>) => log.warn({ camera: 'gate', n: 3 }, 'it rains');
    expect(JSON.parse(lines('json', write))).toMatchObject({ level: 'warn', msg: 'it rains', camera: 'gate', n: 3 });
    expect(lines('text', write)).toMatch(/^\d\d:\d\d:\d\d warn {2}it rains {2}camera=gate {2}n=3\n$/);
    expect(lines('json', (log) => log.debug('hidden'))).toBe('');
  });
});

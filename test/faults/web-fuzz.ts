import { SLASH, UP } from '../simulators/path-tricks.js';
import { RawClient } from '../simulators/raw-client.js';
import { CANARY, clip, DAY, LOCAL_TOKEN, mediaPath, WebSite } from '../simulators/web-site.js';

/** What was tried of each kind, and everything that should not have come out. */
export interface WebFuzzReport {
  tried: Record<string, number>;
  violations: string[];
}

/** The same for each seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const UPWARDS = [...UP, '.'];
const SLASHES = [...SLASH, '%0d%0a', ';/'];
const TARGETS = ['secret.txt', 'etc/passwd', 'home/notes.txt', 'notes.txt', 'index/gate', clip.key, 'tokens.json', ''];
const BASES = [
  ...['/api/v1/media/', '/api/v1/media/home/', '/api/v1/sprites/', '/api/v1/exports/', '/api/v1/exports/x/', '/'],
  ...['/assets/', `/snapshots/gate/${DAY}/`, '/snapshots/', '/latest/', '/latest?camera=', '/api/v1/days?camera='],
  ...[
    `/api/v1/entries?day=${DAY}&camera=`,
    '/api/v1/entries?camera=gate&day=',
    '/api/v1/calendar?month=',
    '/api/v1/days/nearest?to=',
    '/api/v1/cameras?site=',
  ],
];
const HOSTS = [
  'evil.example',
  'localhost.evil.example',
  'nvr.example.evil.example',
  'localhost@evil.example',
  'evil.example#localhost',
  '[::1',
  '127.0.0.1.evil.example',
  '',
  ' ',
  'nvr.example:99999999',
  'localhost/evil',
  'NVR.EXAMPLE.',
  'xn--nvr.example',
];
const ORIGINS = [
  'http://evil.example',
  'null',
  'http://localhost.evil.example',
  'http://127.0.0.1:1',
  'https://HOST',
  'file://',
  'http://HOST.evil.example',
  'http://HOST@evil.example',
  '',
];

/** Sends `size` requests of each kind that somebody who means harm would send, and looks at what comes back. */
export async function webFuzz(
  size: number,
  seed = 1,
  note: (line: string) => void = () => undefined,
): Promise<WebFuzzReport> {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const site = await WebSite.start();
  const report: WebFuzzReport = { tried: {}, violations: [] };
  const wrong = (kind: string, request: string, why: string) => {
    if (report.violations.length < 50)
      report.violations.push(`${kind}: ${why}: ${JSON.stringify(request.slice(0, 300))}`);
  };
  const raw = async (...lines: string[]) => {
    const client = await RawClient.connect(site.url);
    client.send(...lines, 'Connection: close');
    return await client.rest();
  };
  const host = new URL(site.url).host;
  const authorized = `Authorization: Bearer ${LOCAL_TOKEN}`;
  const junk = () =>
    String.fromCharCode(...Array.from({ length: 1 + Math.floor(next() * 6) }, () => 33 + Math.floor(next() * 94)));

  const kinds: Record<string, () => Promise<void>> = {
    traversal: async () => {
      let path = pick(BASES);
      for (let depth = Math.floor(next() * 8); depth >= 0; depth--) path += pick(UPWARDS) + pick(SLASHES);
      path += next() < 0.2 ? junk().replaceAll(' ', '') : pick(TARGETS);
      const answer = await raw(`GET ${path} HTTP/1.1`, 'Host: localhost', authorized);
      if (answer.includes(CANARY) || answer.includes('root:')) wrong('traversal', path, 'a file from outside came out');
      if (!/^HTTP\/1\.1 [234]\d\d /.test(answer)) wrong('traversal', path, `answered ${answer.slice(0, 20)}`);
      const isFootage = answer.includes(`\r\n\r\n${clip.key}`) && !path.endsWith(clip.key);
      if (isFootage) wrong('traversal', path, 'footage came out under another name');
    },
    range: async () => {
      const number = () =>
        pick([
          String(Math.floor(next() * 200)),
          '',
          '-1',
          '99999999999999999999999',
          '0x10',
          '1e9',
          '٣',
          'NaN',
          ' 5 ',
          '00',
        ]);
      const one = () => `${number()}-${number()}`;
      const unit = pick(['bytes=', 'bytes=', 'bytes=', 'bytes = ', 'Bytes=', 'items=', '']);
      const text = next() < 0.1 ? junk() : unit + Array.from({ length: 1 + Math.floor(next() * 3) }, one).join(',');
      const header = Buffer.from(text, 'utf8').toString('latin1');
      const answer = await raw(`GET ${mediaPath(clip)} HTTP/1.1`, 'Host: localhost', authorized, `Range: ${header}`);
      const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
      if (![200, 206, 400, 416].includes(status)) wrong('range', text, `answered ${status}`);
      const [, from, to, of] = /content-range: bytes (\d+)-(\d+)\/(\d+)/i.exec(head) ?? [];
      const expected =
        status === 200 ? clip.key : status === 206 ? clip.key.slice(Number(from), Number(to) + 1) : undefined;
      if (expected !== undefined && body !== expected) wrong('range', text, 'other bytes than it says');
      if (status === 206 && Number(of) !== clip.bytes) wrong('range', text, 'another size than the file has');
      if (expected !== undefined && Number(/content-length: (\d+)/i.exec(head)?.[1]) !== body.length)
        wrong('range', text, 'another length');
    },
    rebinding: async () => {
      const name = next() < 0.2 ? `${junk()}.example` : pick(HOSTS);
      const more = next() < 0.3 ? ['X-Forwarded-Host: localhost'] : next() < 0.3 ? ['Host: localhost'] : [];
      const path = pick(['/api/v1/status', '/api/v1/cameras', '/latest', mediaPath(clip), '/healthz', '/']);
      const answer = await raw(`GET ${path} HTTP/1.1`, `Host: ${name}`, ...more, authorized);
      const isRefused = /^HTTP\/1\.1 4\d\d /.test(answer) || answer === '';
      if (!isRefused) wrong('rebinding', `${name} ${path}`, `answered ${answer.slice(0, 15)}`);
    },
    'cross-origin': async () => {
      const origin = pick(ORIGINS).replace('HOST', host);
      // A proxy in front may speak TLS.
      const isOurs = origin === `http://${host}` || origin === `https://${host}`;
      const fetchSite = pick(['cross-site', 'same-site', 'none', undefined]);
      const [method, path, body] = pick([
        ['POST', '/api/v1/login', '{"user":"x","password":"y"}'],
        ['POST', '/api/v1/logout', ''],
        ['POST', '/api/v1/exports', `{"camera":"gate","from":1,"to":2}`],
        ['DELETE', mediaPath(clip), ''],
        ['PUT', mediaPath(clip), 'x'],
        ['PATCH', '/api/v1/status', '{}'],
      ] as const);
      const lines = [
        `${method} ${path} HTTP/1.1`,
        `Host: ${host}`,
        authorized,
        `Origin: ${origin}`,
        'Content-Type: text/plain',
      ];
      const answer = await raw(
        ...lines,
        ...(fetchSite ? [`Sec-Fetch-Site: ${fetchSite}`] : []),
        `Content-Length: ${body.length}`,
      );
      if (!isOurs && !/^HTTP\/1\.1 40[03] /.test(answer))
        wrong('cross-origin', `${origin} ${method} ${path}`, `answered ${answer.slice(0, 15)}`);
      if (/access-control-allow/i.test(answer) || (!isOurs && /set-cookie/i.test(answer)))
        wrong('cross-origin', `${origin} ${path}`, 'it was let in');
    },
  };
  try {
    for (const [kind, attempt] of Object.entries(kinds)) {
      for (let n = 0; n < size; n++) await attempt();
      report.tried[kind] = size;
      note(`${kind}: ${size} requests, ${report.violations.length} violations so far`);
    }
    const still = await site.asOwner(mediaPath(clip));
    if (still.body !== clip.key) report.violations.push('afterwards it does not answer as before');
  } finally {
    await site.dispose();
  }
  return report;
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  /** PEM. */
  key: string;
  cert: string;
  /** As `openssl x509 -fingerprint -sha256` prints it. */
  fingerprint: string;
}

export interface Authority {
  /** PEM of the authority itself. */
  ca: string;
  /** A certificate for a host name or address. `days`: how long it is valid from now; negative for one that has expired. */
  issue(host: string, options?: { days?: number }): Certificate;
}

/** A certificate authority of this test's own. */
export function createAuthority(): Authority {
  return inFolder((openssl, path) => {
    openssl(
      'req',
      '-x509',
      ...newKey(path('ca.key')),
      '-out',
      path('ca.pem'),
      '-days',
      '30',
      '-subj',
      '/CN=Test authority',
    );
    const [ca, caKey] = [readFileSync(path('ca.pem'), 'utf8'), readFileSync(path('ca.key'), 'utf8')];
    return { ca, issue: (host, { days = 30 } = {}) => issue(ca, caKey, host, days) };
  });
}

/** A certificate that nobody else signed, as a NAS makes it for itself. */
export function selfSigned(host: string): Certificate {
  return inFolder((openssl, path) => {
    const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=${altName(host)}`];
    openssl('req', '-x509', ...newKey(path('key')), '-out', path('cert'), '-days', '30', ...names);
    return read(openssl, path);
  });
}

function issue(ca: string, caKey: string, host: string, days: number): Certificate {
  return inFolder((openssl, path) => {
    writeFileSync(path('ca.pem'), ca);
    writeFileSync(path('ca.key'), caKey);
    writeFileSync(path('index'), '');
    writeFileSync(path('extensions'), `subjectAltName=${altName(host)}\n`);
    // `openssl ca` is the one that takes both dates.
    writeFileSync(
      path('conf'),
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${path('index')}\nnew_certs_dir=${path('')}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n`,
    );
    openssl('req', ...newKey(path('key')), '-out', path('csr'), '-subj', `/CN=${host}`);
    const [start, end] = [days < 0 ? -30 : -1, days].map(asn1Date);
    const signer = ['-cert', path('ca.pem'), '-keyfile', path('ca.key'), '-config', path('conf')];
    const dates = ['-startdate', start!, '-enddate', end!, '-extfile', path('extensions')];
    openssl('ca', '-batch', '-notext', ...signer, ...dates, '-in', path('csr'), '-out', path('cert'));
    return read(openssl, path);
  });
}

type OpenSsl = (...args: string[]) => string;

function inFolder<T>(work: (openssl: OpenSsl, path: (name: string) => string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'certificates-'));
  try {
    return work(
      (...args) => execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
      (name) => join(dir, name),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function read(openssl: OpenSsl, path: (name: string) => string): Certificate {
  const printed = openssl('x509', '-in', path('cert'), '-noout', '-fingerprint', '-sha256');
  return {
    key: readFileSync(path('key'), 'utf8'),
    cert: readFileSync(path('cert'), 'utf8'),
    fingerprint: printed.trim().split('=')[1]!,
  };
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file];
}

function altName(host: string): string {
  return /^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`;
}

/** `20260503120000Z`, so many days from now. */
function asn1Date(days: number): string {
  return `${new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '')}`;
}

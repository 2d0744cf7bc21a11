import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createAuthority } from '../simulators/certificates.js';
import { InboxSite, PASSWORD } from '../simulators/inbox-site.js';
import { doorContract } from './inbox-door.js';

const run = promisify(execFile);

const below = (site: InboxSite, path: string) => {
  const file = join(site.dir, 'watched', path);
  mkdirSync(dirname(file), { recursive: true });
  return file;
};

doorContract('a folder', {
  open: () => new InboxSite({ folder: {} }).start(),
  deliver: async (site, path, content) => writeFileSync(below(site, path), content),
  rename: async (site, from, to) => renameSync(below(site, from), below(site, to)),
});

const url = (site: InboxSite, path: string) =>
  `ftp://127.0.0.1:${site.port}/${encodeURI(path).replace(/[[\]@#?]/g, encodeURIComponent)}`;

/** curl as a camera uses FTP: folders made on the way, one file a connection. */
async function curl(site: InboxSite, options: readonly string[], path: string, content: Buffer): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'curl-'));
  try {
    writeFileSync(join(dir, 'file'), content);
    const upload = ['-T', join(dir, 'file'), '--ftp-create-dirs', url(site, path)];
    await run('curl', ['-sS', '--globoff', '-u', `nvr:${PASSWORD}`, ...options, ...upload]);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

doorContract('FTP', {
  open: () => new InboxSite({ ftp: {} }).start(),
  deliver: (site, path, content) => curl(site, [], path, content),
  rename: async (site, from, to) => {
    const commands = [`-Q`, `RNFR ${from}`, '-Q', `RNTO ${to}`];
    await run('curl', ['-sS', '-u', `nvr:${PASSWORD}`, ...commands, url(site, '')]);
  },
});

const authority = createAuthority();
const certificate = authority.issue('127.0.0.1');
const pem = mkdtempSync(join(tmpdir(), 'pem-'));
for (const [name, text] of Object.entries({ ...certificate, ca: authority.ca })) writeFileSync(join(pem, name), text);
const tls = { certificate_file: join(pem, 'cert'), key_file: join(pem, 'key'), required: true };
const secure = ['--ssl-reqd', '--cacert', join(pem, 'ca')];

doorContract('FTPS', {
  open: () => new InboxSite({ ftp: { tls } }).start(),
  deliver: (site, path, content) => curl(site, secure, path, content),
  rename: async (site, from, to) => {
    const commands = [`-Q`, `RNFR ${from}`, '-Q', `RNTO ${to}`];
    await run('curl', ['-sS', ...secure, '-u', `nvr:${PASSWORD}`, ...commands, url(site, '')]);
  },
});

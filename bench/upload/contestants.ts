import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { FileSet } from './files.js';
import { PASSWORD, type Servers } from './servers.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));
export const OURS = 'nvr-uplink';

export interface Contestant {
  name: string;
  protocol: 'sftp' | 'ftps';
  /** The command that uploads all files of a set, which are in one flat folder, to a folder of its own. */
  command(set: FileSet, target: string): Promise<string[]>;
  /** Where the files are afterwards. */
  stored(target: string): string;
  env?: NodeJS.ProcessEnv;
}

/** Each as its manual says one uploads a folder quickly; several files at once where it can. */
export function contestants(servers: Servers, work: string): Contestant[] {
  const { ssh, ftp } = servers;
  const login = ['-i', ssh.keyFile, '-o', `UserKnownHostsFile=${ssh.knownHosts}`, '-o', 'BatchMode=yes'];
  const inSsh = (target: string) => join(ssh.folder, target);
  const inFtp = (target: string) => join(ftp.folder, target);
  const rcloneFtpPassword = execFileSync('rclone', ['obscure', PASSWORD], { encoding: 'utf8' }).trim();
  const sftp = (name: string, command: Contestant['command']): Contestant => ({
    name,
    protocol: 'sftp',
    command,
    stored: inSsh,
  });
  const ftps = (name: string, command: Contestant['command']): Contestant => ({
    name,
    protocol: 'ftps',
    command,
    stored: inFtp,
  });
  return [
    {
      ...({ name: OURS, protocol: 'sftp', stored: (target: string) => inSsh(join('bench', target)) } as const),
      command: async ({ folder }, target) => ours(await configFor(work, 'sftp', sftpRemote(ssh)), folder, target),
    },
    sftp('OpenSSH sftp', async ({ folder }, target) => {
      await mkdir(inSsh(target));
      const batch = join(work, `${target}.batch`);
      await writeFile(batch, `put ${folder}/* ${target}/\n`);
      return [
        'sftp',
        '-q',
        '-P',
        `${ssh.port}`,
        ...login,
        '-c',
        'aes128-gcm@openssh.com',
        '-b',
        batch,
        `${ssh.user}@${ssh.host}`,
      ];
    }),
    sftp('rclone', async ({ folder }, target) => {
      const remote = `:sftp,host=${ssh.host},port=${ssh.port},user=${ssh.user},key_file=${ssh.keyFile},known_hosts_file=${ssh.knownHosts}:`;
      return ['rclone', 'copy', '--config', '/dev/null', '--transfers', '8', folder, `${remote}${target}`];
    }),
    sftp('lftp', async ({ folder }, target) => {
      const connect = `ssh -a -x ${login.join(' ')} -c aes128-gcm@openssh.com`;
      return lftp(
        `set sftp:connect-program "${connect}"; open -p ${ssh.port} -u ${ssh.user}, sftp://${ssh.host}`,
        folder,
        `${ssh.folder}/${target}`,
      );
    }),
    sftp('curl', async ({ names, folder }, target) => {
      await mkdir(inSsh(target));
      const from = `{${names.map((name) => join(folder, name)).join(',')}}`;
      const where = `sftp://${ssh.host}:${ssh.port}${inSsh(target)}/`;
      return [
        'curl',
        '-sS',
        '-k',
        '-u',
        `${ssh.user}:`,
        '--key',
        ssh.keyFile,
        '--pubkey',
        `${ssh.keyFile}.pub`,
        '-T',
        from,
        where,
      ];
    }),
    {
      ...({ name: OURS, protocol: 'ftps', stored: (target: string) => inFtp(join('bench', target)) } as const),
      command: async ({ folder }, target) => ours(await configFor(work, 'ftps', ftpsRemote(ftp)), folder, target),
    },
    ftps('rclone', async ({ folder }, target) => {
      const remote = `:ftp,host=${ftp.host},port=${ftp.port},user=${ftp.user},pass=${rcloneFtpPassword},explicit_tls=true,disable_tls13=true,no_check_certificate=true:`;
      return ['rclone', 'copy', '--config', '/dev/null', '--transfers', '8', folder, `${remote}${ftp.root}/${target}`];
    }),
    ftps('lftp', async ({ folder }, target) => {
      const tls = `set ftp:ssl-force true; set ftp:ssl-protect-data true; set ssl:ca-file ${ftp.caFile}`;
      return lftp(
        `${tls}; open -p ${ftp.port} -u ${ftp.user},${ftp.password} ftp://${ftp.host}`,
        folder,
        `${ftp.root}/${target}`,
      );
    }),
    ftps('curl', async ({ names, folder }, target) => {
      const from = `{${names.map((name) => join(folder, name)).join(',')}}`;
      const where = `ftp://${ftp.host}:${ftp.port}/${ftp.root}/${target}/`;
      return [
        'curl',
        '-sS',
        '--ssl-reqd',
        '--cacert',
        ftp.caFile,
        '--ftp-create-dirs',
        '-u',
        `${ftp.user}:${ftp.password}`,
        '-T',
        from,
        where,
      ];
    }),
  ];
}

function lftp(open: string, folder: string, target: string): string[] {
  return [
    'lftp',
    '-c',
    `set cmd:fail-exit yes; set net:max-retries 2; ${open}; mirror -R --parallel=4 ${folder} ${target}`,
  ];
}

function ours(config: string, folder: string, target: string): string[] {
  return [process.execPath, PROGRAM, 'upload', folder, '--to', target, '-q', '-c', config];
}

async function configFor(work: string, name: string, remote: object): Promise<string> {
  const file = join(work, `${name}.yaml`);
  const cameras = { gate: { streams: { main: 'rtsp://127.0.0.1/unused' } } };
  const settings = { site: 'bench', storage: { dir: join(work, 'storage') }, cameras, remotes: { far: remote } };
  await writeFile(file, stringify(settings), { mode: 0o600 });
  return file;
}

function sftpRemote({ host, port, user, keyFile, fingerprint }: Servers['ssh']) {
  return { type: 'sftp', host, port, username: user, key_file: keyFile, host_key: fingerprint };
}

function ftpsRemote({ host, port, user, password, caFile, root }: Servers['ftp']) {
  return { type: 'ftps', host, port, username: user, password, ca_file: caFile, root };
}

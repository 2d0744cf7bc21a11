import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.js';
import { createAuthority } from '../../test/simulators/certificates.js';
import type { Line } from './line.js';

export const PASSWORD = 'bench-secret';
const SSH_PORT = 2222;
const FTP_PORT = 2121;

/** What everybody uploads to, at the far end of a line: OpenSSH and vsftpd over the same kind of folder. */
export interface Servers {
  ssh: {
    host: string;
    port: number;
    user: string;
    keyFile: string;
    knownHosts: string;
    fingerprint: string;
    folder: string;
  };
  ftp: { host: string; port: number; user: string; password: string; caFile: string; folder: string; root: string };
  stop(): Promise<void>;
}

export async function startServers(line: Line, dir: string): Promise<Servers> {
  await mkdir(dir, { recursive: true });
  const ssh = await startSsh(line, dir);
  const ftp = await startFtp(line, dir);
  await systemClock.sleep(1_000);
  return { ssh: ssh.access, ftp: ftp.access, stop: () => end([ssh.child, ftp.child]) };
}

async function startSsh(line: Line, dir: string) {
  for (const name of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(dir, name)]);
  }
  const folder = join(dir, 'sftp');
  await mkdir(folder);
  await mkdir('/run/sshd', { recursive: true });
  const settings = [
    `ListenAddress ${line.address}`,
    `Port ${SSH_PORT}`,
    `HostKey ${join(dir, 'host')}`,
    `AuthorizedKeysFile ${join(dir, 'user.pub')}`,
    ...['PidFile none', 'StrictModes no', 'UsePAM no', 'PermitRootLogin prohibit-password', 'UseDNS no'],
    `Subsystem sftp internal-sftp -d ${folder}`,
  ];
  await writeFile(join(dir, 'sshd_config'), `${settings.join('\n')}\n`);
  const printed = execFileSync('ssh-keygen', ['-l', '-f', join(dir, 'host.pub')], { encoding: 'utf8' });
  const hostKey = execFileSync('ssh-keygen', ['-y', '-f', join(dir, 'host')], { encoding: 'utf8' }).trim();
  const knownHosts = join(dir, 'known_hosts');
  await writeFile(knownHosts, `[${line.address}]:${SSH_PORT} ${hostKey}\n`);
  const child = start(line.far(['/usr/sbin/sshd', '-D', '-f', join(dir, 'sshd_config')]));
  const access = {
    host: line.address,
    port: SSH_PORT,
    user: 'root',
    keyFile: join(dir, 'user'),
    knownHosts,
    fingerprint: printed.split(' ')[1]!,
    folder,
  };
  return { child, access };
}

async function startFtp(line: Line, dir: string) {
  const authority = createAuthority();
  const { cert, key } = authority.issue(line.address);
  const caFile = join(dir, 'ca.pem');
  await writeFile(caFile, authority.ca);
  await writeFile(join(dir, 'ftp.pem'), cert + key, { mode: 0o600 });
  await writeFile(join(dir, 'passwords'), `${PASSWORD}\n`);
  const home = join(dir, 'ftp-home');
  const folder = join(home, 'archive');
  await mkdir(folder, { recursive: true });
  await mkdir(join(dir, 'empty'));
  execFileSync('chown', ['ftp:ftp', folder]);
  for (const path of [dir, home]) await chmod(path, 0o755);
  const yes = [
    'background=NO',
    'seccomp_sandbox=NO',
    'local_enable=NO',
    'allow_writeable_chroot=YES',
    'anon_world_readable_only=NO',
  ];
  const settings = [
    ...yes.map((line_) => line_),
    ...['listen', 'anonymous_enable', 'secure_email_list_enable', 'write_enable', 'anon_upload_enable'].map(
      (name) => `${name}=YES`,
    ),
    ...['anon_mkdir_write_enable', 'anon_other_write_enable', 'ssl_enable', 'allow_anon_ssl', 'require_ssl_reuse'].map(
      (name) => `${name}=YES`,
    ),
    ...['force_anon_logins_ssl', 'force_anon_data_ssl'].map((name) => `${name}=YES`),
    `listen_address=${line.address}`,
    `listen_port=${FTP_PORT}`,
    `secure_chroot_dir=${join(dir, 'empty')}`,
    `anon_root=${home}`,
    `email_password_file=${join(dir, 'passwords')}`,
    `rsa_cert_file=${join(dir, 'ftp.pem')}`,
    'anon_umask=022',
    // Its own default knows but one cipher below TLS 1.3.
    'ssl_ciphers=HIGH',
    'max_per_ip=100',
  ];
  await writeFile(join(dir, 'vsftpd.conf'), `${settings.join('\n')}\n`);
  const child = start(line.far(['/usr/sbin/vsftpd', join(dir, 'vsftpd.conf')]));
  const access = {
    host: line.address,
    port: FTP_PORT,
    user: 'ftp',
    password: PASSWORD,
    caFile,
    folder,
    root: 'archive',
  };
  return { child, access };
}

function start([file, ...args]: string[]): ChildProcess {
  return spawn(file!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function end(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}

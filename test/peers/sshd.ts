import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { descendants, freePort, signal } from './processes.js';

/** A real OpenSSH server of this test's own: own port, host key, user key and configuration, for the user running it. */
export class Sshd {
  readonly host = '127.0.0.1';
  readonly username = userInfo().username;
  readonly port: number;
  /** Where the user lands: relative paths are under it. */
  readonly dir: string;
  readonly privateKey: string;
  /** As `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  readonly #work: string;
  #child: ChildProcess | undefined;
  /** Frozen ones outlive their sshd, which then is no longer their parent. */
  readonly #frozen = new Set<number>();

  private constructor(work: string, dir: string, port: number, privateKey: string, fingerprint: string) {
    this.#work = work;
    this.dir = dir;
    this.port = port;
    this.privateKey = privateKey;
    this.fingerprint = fingerprint;
  }

  static async start(options: { dir?: string } = {}): Promise<Sshd> {
    const work = await mkdtemp(join(tmpdir(), 'sshd-'));
    const dir = options.dir ?? join(work, 'home');
    mkdirSync(dir, { recursive: true });
    for (const name of ['host', 'user']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(work, name)]);
    }
    const printed = execFileSync('ssh-keygen', ['-l', '-f', join(work, 'host.pub')], { encoding: 'utf8' });
    const port = await freePort();
    await writeFile(join(work, 'config'), configuration(work, dir, port));
    const sshd = new Sshd(work, dir, port, await readFile(join(work, 'user'), 'utf8'), printed.split(' ')[1]!);
    await sshd.resume();
    return sshd;
  }

  /** Starts listening (again). */
  async resume(): Promise<void> {
    // sshd run by root insists on this folder, which systemd makes on a booted machine.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(this.#work, 'config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    let said = '';
    child.stderr?.on('data', (data) => {
      said += data;
    });
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`sshd ended: ${said}`);
      await delay(20);
    }
  }

  /** Lets another key sign in, given as OpenSSH writes public keys. */
  async authorize(publicKey: string): Promise<void> {
    await appendFile(join(this.#work, 'user.pub'), `${publicKey}\n`);
  }

  /** Ends the server and every session of it. */
  async pause(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    for (const pid of this.#frozen) signal(pid, 'SIGKILL');
    this.#frozen.clear();
    if (!child?.pid) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const family = await descendants(child.pid);
    for (const pid of [...family.map((one) => one.pid), child.pid]) signal(pid, 'SIGKILL');
    await exited;
  }

  /** Freezes the SFTP servers only: TCP stands and sshd still answers keepalives. Waits until there is one. */
  async freeze(): Promise<void> {
    for (;;) {
      const family = await descendants(this.#child!.pid!);
      const servers = family.filter((one) => one.name === 'sftp-server');
      for (const { pid } of servers) {
        signal(pid, 'SIGSTOP');
        this.#frozen.add(pid);
      }
      if (servers.length > 0) return;
      await delay(20);
    }
  }

  async stop(): Promise<void> {
    await this.pause();
    await rm(this.#work, { recursive: true, force: true });
  }
}

function configuration(work: string, dir: string, port: number): string {
  return [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${join(work, 'host')}`,
    `AuthorizedKeysFile ${join(work, 'user.pub')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'MaxStartups 100',
    `Subsystem sftp /usr/lib/openssh/sftp-server -d ${dir}`,
    '',
  ].join('\n');
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Certificate, createAuthority } from '../simulators/certificates.js';
import { descendants, freePort, signal } from './processes.js';

/** One for all of a test file: making it takes longer than most tests. */
let identity: { ca: string; certificate: Certificate } | undefined;

function createIdentity(host: string) {
  const authority = createAuthority();
  return { ca: authority.ca, certificate: authority.issue(host) };
}

/** What the two real FTP servers have in common. */
export abstract class FtpServer {
  readonly host = '127.0.0.1';
  readonly username: string = 'recorder';
  readonly password = 'correct horse';
  /** The folder to upload to, as the user names it. */
  readonly root: string = '';
  protected readonly work: string;
  /** PEM of the authority that issued the server's certificate. */
  readonly ca: string;
  port = 0;
  protected readonly certificate: Certificate;
  #child: ChildProcess | undefined;

  protected constructor(work: string) {
    this.work = work;
    identity ??= createIdentity(this.host);
    this.ca = identity.ca;
    this.certificate = identity.certificate;
  }

  /** The same folder on disk. */
  get dir(): string {
    return join(this.work, 'home', this.root);
  }

  /** Writes the configuration; resolves to the command that keeps the server in the foreground. */
  protected abstract command(port: number): Promise<{ file: string; args: string[]; env?: NodeJS.ProcessEnv }>;

  protected static async folder(): Promise<string> {
    return mkdtemp(join(tmpdir(), 'ftp-server-'));
  }

  /** Starts listening (again). */
  async resume(): Promise<void> {
    this.port ||= await freePort();
    const { file, args, env } = await this.command(this.port);
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    this.#child = child;
    let said = '';
    child.stderr?.on('data', (data) => {
      said += data;
    });
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`${file} ended: ${said}`);
      await delay(20);
    }
  }

  /** Ends the server and every session of it. */
  async pause(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child?.pid) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const family = await descendants(child.pid);
    for (const pid of [...family.map((one) => one.pid), child.pid]) signal(pid, 'SIGKILL');
    await exited;
  }

  /** Stops all of it in its tracks: TCP stands, and nobody answers. */
  async freeze(): Promise<void> {
    const family = await descendants(this.#child!.pid!);
    for (const { pid } of family) signal(pid, 'SIGSTOP');
    signal(this.#child!.pid!, 'SIGSTOP');
  }

  async stop(): Promise<void> {
    await this.pause();
    await rm(this.work, { recursive: true, force: true });
  }
}

/** Whether it greets, as FTP servers do. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

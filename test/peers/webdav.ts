import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthority } from '../simulators/certificates.js';
import { freePort } from './processes.js';

/** Debian's rclone as a WebDAV server over TLS. */
export class Webdav {
  readonly username = 'recorder';
  readonly password = 'correct horse';
  readonly dir: string;
  readonly ca: string;
  readonly port: number;
  readonly #work: string;
  #child: ChildProcess | undefined;

  static async start(): Promise<Webdav> {
    const work = await mkdtemp(join(tmpdir(), 'webdav-'));
    identity ??= createIdentity();
    const server = new Webdav(work, identity.ca, await freePort());
    await mkdir(server.dir);
    await writeFile(join(work, 'cert'), identity.certificate.cert);
    await writeFile(join(work, 'key'), identity.certificate.key, { mode: 0o600 });
    await server.resume();
    return server;
  }

  private constructor(work: string, ca: string, port: number) {
    this.#work = work;
    this.dir = join(work, 'files');
    this.ca = ca;
    this.port = port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}/`;
  }

  async resume(): Promise<void> {
    const path = (name: string) => join(this.#work, name);
    const tls = ['--cert', path('cert'), '--key', path('key')];
    const signIn = ['--user', this.username, '--pass', this.password];
    const args = ['serve', 'webdav', '--addr', `127.0.0.1:${this.port}`, ...tls, ...signIn, this.dir];
    const child = spawn('/usr/bin/rclone', ['--config', '/dev/null', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr?.on('data', (data) => {
      said += data;
    });
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`rclone ended: ${said}`);
      await delay(20);
    }
  }

  async pause(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }

  freeze(): void {
    this.#child!.kill('SIGSTOP');
  }

  async stop(): Promise<void> {
    await this.pause();
    await rm(this.#work, { recursive: true, force: true });
  }
}

/** One for all of a test file: making it takes longer than most tests. */
let identity: ReturnType<typeof createIdentity> | undefined;

function createIdentity() {
  const authority = createAuthority();
  return { ca: authority.ca, certificate: authority.issue('127.0.0.1') };
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

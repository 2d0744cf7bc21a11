import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../simulators/certificates.js';
import { until } from './until.js';

/** Debian's MQTT broker, with a password and, if wanted, TLS. */
export class Mosquitto {
  readonly username = 'recorder';
  readonly password = 'br0ker-secret';
  #child: ChildProcess | undefined;

  private constructor(
    readonly dir: string,
    readonly port: number,
    readonly ca: string | undefined,
  ) {}

  static async start({ tls = false } = {}): Promise<Mosquitto> {
    const dir = await mkdtemp(join(tmpdir(), 'mosquitto-'));
    const path = (name: string) => join(dir, name);
    const broker = new Mosquitto(dir, await freePort(), tls ? path('cert.pem') : undefined);
    writeFileSync(path('passwords'), `${broker.username}:${broker.password}\n`, { mode: 0o600 });
    execFileSync('mosquitto_passwd', ['-U', path('passwords')]);
    const certificate = tls ? [`certfile ${path('cert.pem')}`, `keyfile ${path('key.pem')}`] : [];
    if (tls) {
      const { cert, key } = selfSigned('localhost');
      writeFileSync(path('cert.pem'), cert);
      writeFileSync(path('key.pem'), key);
    }
    const lines = [
      ...[`listener ${broker.port} 127.0.0.1`, ...certificate, 'allow_anonymous false'],
      ...[`password_file ${path('passwords')}`, 'user root', 'persistence false'],
    ];
    writeFileSync(path('conf'), `${lines.join('\n')}\n`);
    chmodSync(dir, 0o755);
    await broker.resume();
    return broker;
  }

  get url(): string {
    return `${this.ca ? 'mqtts' : 'mqtt'}://localhost:${this.port}`;
  }

  async resume(): Promise<void> {
    this.#child = spawn('/usr/sbin/mosquitto', ['-c', join(this.dir, 'conf')], { stdio: 'ignore' });
    await until('the broker', () => isOpen(this.port));
  }

  async pause(): Promise<void> {
    const child = this.#child!;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    await this.pause();
    await rm(this.dir, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

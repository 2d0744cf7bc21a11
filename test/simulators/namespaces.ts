import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ended, type Output, runChild, stopChild } from '../../lib/child.js';
import type { PersonaName } from '../../lib/simulator/persona.js';
import { until } from '../peers/until.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));
const GARBAGE = fileURLToPath(new URL('./garbage-responder.ts', import.meta.url));

export const GARBAGE_ADDRESS = '10.77.0.200';

/** How long a test waits for a camera that must draw its scene first, on a busy machine. */
const START_MS = 90_000;

export interface NetworkOptions {
  /** One host each, from 10.77.0.21 on. */
  cameras: readonly { name: string; persona: PersonaName; faults?: readonly string[] }[];
  /** A host more, at {@link GARBAGE_ADDRESS}, that answers probes with everything but an answer. */
  garbage?: boolean;
  /** Encoded scenes; the cameras share them. */
  cacheDir: string;
  password: string;
}

/** What a camera has said of itself, and the process it is. */
export interface NetworkCamera {
  name: string;
  persona: PersonaName;
  address: string;
  mac: string;
  serial: string;
  onvif: string;
  main: string;
  sub: string;
  process: ChildProcess;
}

/**
 * A network of its own for each test: a switch, cameras with their makers' ports, each on a host with its own address and
 * MAC, and the host of a recorder at 10.77.0.1, where `run` starts programs.
 *
 * No namespace has a name. Each lives as long as the process in it, and each process as long as ours, so that nothing is
 * left over even if this process is killed. It needs no root, only the right to make user namespaces.
 */
export class CameraNetwork {
  readonly cameras: NetworkCamera[] = [];
  readonly #switch: ChildProcess;
  readonly #hosts: ChildProcess[] = [];
  readonly #options: NetworkOptions;
  #recorder!: ChildProcess;

  private constructor(options: NetworkOptions) {
    this.#options = options;
    this.#switch = spawn('unshare', ['-rn', 'setpriv', '--pdeathsig', 'KILL', 'sleep', 'infinity'], {
      stdio: 'ignore',
    });
  }

  static async start(options: NetworkOptions): Promise<CameraNetwork> {
    const network = new CameraNetwork(options);
    try {
      await network.#build();
      return network;
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  /** Of everything that keeps it alive. */
  get processes(): number[] {
    return [this.#switch, ...this.#hosts].map(({ pid }) => pid!);
  }

  /** Runs a program on the recorder's host. */
  async run(command: string, args: readonly string[], input = ''): Promise<Output> {
    const there = [...inside(this.#recorder.pid!), command, ...args];
    return await runChild('nsenter', there, AbortSignal.timeout(START_MS), { input });
  }

  /** Starts a program on the recorder's host that goes on until it is told to stop, at the end at the latest. */
  start(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn('nsenter', [...inside(this.#recorder.pid!), command, ...args], options);
    this.#hosts.push(child);
    return child;
  }

  /** Resolves when every process of it has ended, and the kernel has taken the network away. */
  async stop(): Promise<void> {
    // The switch last: with it go the cables, and a camera takes its address off before it ends.
    await end(this.#hosts);
    await end([this.#switch]);
  }

  async #build(): Promise<void> {
    const { cameras, garbage } = this.#options;
    await elsewhere(this.#switch.pid!, '/proc/self/ns/net');
    // It is somewhere else before it is anybody there, and who follows it then is nobody as well.
    await until('the switch to be root in its namespace', async () => {
      return (await readFile(`/proc/${this.#switch.pid}/gid_map`, 'utf8')).trim() !== '';
    });
    await this.#ip(['link add br0 type bridge mcast_snooping 0', 'link set br0 up']);
    this.#recorder = await this.#host(1, '', 'ip addr add 10.77.0.1/24 dev eth0 && exec sleep infinity', []);
    if (garbage) {
      const script = `ip addr add ${GARBAGE_ADDRESS}/24 dev eth0 && exec "$@"`;
      const host = await this.#host(200, '', script, [process.execPath, '--import', 'tsx', GARBAGE, GARBAGE_ADDRESS]);
      await firstLine(host, 'the garbage responder');
    }
    // The first of each persona encodes what the others find in the cache.
    const firsts = cameras.filter(({ persona }, at) => cameras.findIndex((one) => one.persona === persona) === at);
    for (const camera of firsts) await this.#addCamera(camera);
    const rest = cameras.filter((camera) => !firsts.includes(camera));
    const worker = async () => {
      for (let next = rest.shift(); next; next = rest.shift()) await this.#addCamera(next);
    };
    await Promise.all([worker(), worker(), worker()]);
  }

  /**
   * Pulls the cable of a camera, and plugs the same camera in again at 10.77.0.`place`, as after a night without power and a
   * new lease: whoever was talking to it hears nothing, not even that the connection ended.
   */
  async replug(camera: NetworkCamera, place: number): Promise<void> {
    const before = Number(camera.address.split('.').at(-1));
    await this.#ip([`link set port${before} down`]);
    await end([camera.process]);
    this.cameras.splice(this.cameras.indexOf(camera), 1);
    const wanted = this.#options.cameras.find(({ name }) => name === camera.name)!;
    await this.#addCamera(wanted, place, camera.mac);
  }

  async #addCamera(
    wanted: NetworkOptions['cameras'][number],
    place = 21 + this.#options.cameras.indexOf(wanted),
    mac = macAt(place),
  ): Promise<void> {
    const { cacheDir } = this.#options;
    const args = [PROGRAM, 'simulate', '--json', '--quiet', '--small', '--same-scene', '--own-ports'];
    args.push(
      '--name',
      wanted.name,
      '--persona',
      wanted.persona,
      '--interface',
      'eth0',
      '--mac',
      mac,
      '--dir',
      cacheDir,
    );
    args.push('--address', `10.77.0.${place}`, ...(wanted.faults ?? []).flatMap((fault) => ['--fault', fault]));
    const host = await this.#host(place, mac, 'exec "$@"', [process.execPath, ...args]);
    const facts = JSON.parse(await firstLine(host, wanted.name)) as Omit<NetworkCamera, 'process'>;
    this.cameras.push({ ...facts, process: host });
  }

  /** A host on the switch, which then becomes the program its script executes. */
  async #host(place: number, mac: string, script: string, args: readonly string[]): Promise<ChildProcess> {
    // It waits until it has its cable. The default route is for multicast, which goes nowhere without one.
    const boot = 'read -r plugged && ip link set lo up && ip link set eth0 up && ip route add default dev eth0';
    const shell = ['sh', '-c', `${boot} && ${script}`, 'host', ...args];
    const start = ['unshare', '-n', 'setpriv', '--pdeathsig', 'TERM', ...shell];
    const env = { ...process.env, NVR_UPLINK_SIMULATE_PASSWORD: this.#options.password };
    const host = spawn('nsenter', [...inside(this.#switch.pid!), ...start], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#hosts.push(host);
    await elsewhere(host.pid!, '/proc/self/ns/net', `/proc/${this.#switch.pid}/ns/net`);
    const peer = `peer name eth0 address ${mac || macAt(place)} netns ${host.pid}`;
    await this.#ip([`link add port${place} type veth ${peer}`, `link set port${place} master br0 up`]);
    host.stdin!.end('plugged\n');
    return host;
  }

  async #ip(commands: readonly string[]): Promise<void> {
    const args = [...inside(this.#switch.pid!), 'ip', '-batch', '-'];
    const { code, stderr } = await runChild('nsenter', args, AbortSignal.timeout(START_MS), {
      input: `${commands.join('\n')}\n`,
    });
    if (code !== 0) throw new Error(`ip ${commands.join('; ')}: ${stderr}`);
  }
}

/** Arguments of nsenter that lead to where a process is. */
function inside(pid: number): string[] {
  return ['--preserve-credentials', '-U', '-n', '-t', String(pid)];
}

function macAt(place: number): string {
  return `02:6e:76:72:00:${place.toString(16).padStart(2, '0')}`;
}

async function end(children: readonly ChildProcess[]): Promise<void> {
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const gone = running.map((child) => ended(child));
  for (const child of running) stopChild(child);
  await Promise.all(gone);
}

/** Resolves when a process has left these networks for one of its own. */
async function elsewhere(pid: number, ...from: string[]): Promise<void> {
  const known = await Promise.all(from.map((path) => readlink(path)));
  await until(`process ${pid} to have a network of its own`, async () => {
    const now = await readlink(`/proc/${pid}/ns/net`);
    return !known.includes(now);
  });
}

/** The first line a program prints, which says that it is ready. */
async function firstLine(child: ChildProcess, name: string): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const stop = AbortSignal.timeout(START_MS);
  const line = once(lines, 'line', { signal: stop }).then(([text]) => text as string);
  const early = once(child, 'exit', { signal: stop }).then(([code]) => {
    throw new Error(`${name} ended at once, with status ${code}`);
  });
  try {
    return await Promise.race([line, early]);
  } finally {
    // Both waits end with the test's, and nobody is interested any more.
    line.catch(() => undefined);
    early.catch(() => undefined);
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import type { StatusReport } from '../../src/browse/api.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { until } from '../peers/until.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));

export interface ProgramSetup {
  cameras: readonly string[];
  /** Merged over the configuration. */
  config?: Record<string, unknown>;
  storage?: Record<string, unknown>;
  /** Where everything of the recorder lies; a new temporary folder if not said. */
  dir?: string;
}

/** The real program with simulated cameras and a folder as its archive: started, stopped and killed as a test likes. */
export class Program {
  readonly archive: string;
  readonly storage: string;
  readonly config: string;
  /** What it wrote to its log. */
  log = '';
  child: ChildProcess | undefined;

  private constructor(
    readonly dir: string,
    readonly simulator: Simulator,
    readonly stopSimulator: () => Promise<void>,
  ) {
    this.archive = join(dir, 'archive');
    this.storage = join(dir, 'recorder');
    this.config = join(dir, 'nvr-uplink.yaml');
  }

  static async prepare({ cameras, config, storage, dir: given }: ProgramSetup): Promise<Program> {
    const dir = given ?? (await mkdtemp(join(tmpdir(), 'program-')));
    const stop = new AbortController();
    const stream = { width: 320, height: 180, rateBps: 300_000 };
    const simulator = await startSimulator(
      {
        cameras: cameras.map((name) => ({ name, variant: 0, title: 'program' })),
        ...{ cacheDir: join(tmpdir(), 'nvr-uplink-test-clips'), onvif: false, main: stream, sub: stream },
      },
      stop.signal,
    );
    const program = new Program(dir, simulator, async () => {
      stop.abort();
      await simulator.stop();
    });
    await mkdir(program.archive, { recursive: true });
    const { username, password } = simulator.account;
    const sources = simulator.cameras.map(({ name, mainUrl }) => [
      name,
      { streams: { main: mainUrl }, username, password },
    ]);
    const settings = {
      ...{ site: 'test', record: { segment: '2s' }, index: { every: '1s' }, snapshot: { every: '1h' } },
      storage: { dir: program.storage, min_free: '1MB', ...storage },
      cameras: Object.fromEntries(sources),
      remotes: { far: { type: 'folder', path: program.archive } },
      web: { listen: '127.0.0.1:0' },
      ...config,
    };
    await writeFile(program.config, stringify(settings), { mode: 0o600 });
    return program;
  }

  /** `before` are words that start it, such as a tracer's. */
  start(env: Record<string, string> = {}, before: readonly string[] = []): ChildProcess {
    const [file, ...args] = [...before, process.execPath, PROGRAM, 'run', '-c', this.config];
    const child = spawn(file!, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    this.child = child;
    return child;
  }

  /** Starts it, and waits until it is up. */
  async up(env: Record<string, string> = {}): Promise<void> {
    this.log = '';
    this.start(env);
    await until('the program to be up', () => this.log.includes('pages are up'), 60_000);
  }

  /** What `nvr-uplink status --json` says. */
  async status(env: Record<string, string> = {}): Promise<StatusReport> {
    const child = spawn(process.execPath, [PROGRAM, 'status', '--json', '-c', this.config], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await once(child, 'close');
    return JSON.parse(text) as StatusReport;
  }

  /** Looks into the ledger, whether or not the program runs. */
  look<Result>(at: (ledger: Ledger) => Result): Result {
    const ledger = new Ledger(join(this.storage, 'ledger.db'));
    try {
      return at(ledger);
    } finally {
      ledger.close();
    }
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async remove(): Promise<void> {
    await this.end('SIGKILL');
    await this.stopSimulator();
    await rm(this.dir, { recursive: true, force: true });
  }
}

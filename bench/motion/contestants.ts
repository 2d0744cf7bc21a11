import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ended, stopChild, tail } from '../../lib/child.js';
import type { Stage, StagedCamera } from './stage.js';
import { ACCOUNT } from './stage.js';

export const OURS = 'ours';

/** Settings of Debian's motion, as its configuration has them. */
export type PeerSettings = Readonly<Record<string, string | number>>;

/** Whoever watches cameras in a process of its own, and what it has told of so far. */
export class Contestant {
  readonly name: string;
  readonly cameras: readonly StagedCamera[];
  /** For each camera: when something began to move by its word, milliseconds of the clip. */
  readonly beginnings: number[][];
  readonly #child: ChildProcess;
  readonly #stderr: () => string;
  readonly #gone: Promise<unknown>;

  private constructor(name: string, cameras: readonly StagedCamera[], child: ChildProcess) {
    this.name = name;
    this.cameras = cameras;
    this.beginnings = cameras.map(() => []);
    this.#child = child;
    this.#stderr = tail(child);
    // From now on: of one that has ended already, nothing more would be heard.
    this.#gone = ended(child);
  }

  /** Ours: the source of motion that the recorder uses, in a process with nothing else in it. */
  static async ours(stage: Stage, cameras: readonly StagedCamera[]): Promise<Contestant> {
    const streams = cameras.map(({ url }) => ({ url, ...ACCOUNT }));
    const child = spawn(process.execPath, [await bundled(), JSON.stringify(streams)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const one = new Contestant(OURS, cameras, child);
    one.#read(child.stdout!, stage, /^(\d+) begin$/, 0);
    return one;
  }

  /** Debian's motion: detection alone, without pictures, films or pages, which would cost it more. */
  static async motion(
    name: string,
    stage: Stage,
    cameras: readonly StagedCamera[],
    settings: PeerSettings,
    dir: string,
  ): Promise<Contestant> {
    await mkdir(dir, { recursive: true });
    const files = cameras.map((_, index) => join(dir, `camera${index + 1}.conf`));
    for (const [index, { url, plan }] of cameras.entries()) {
      const own = { camera_id: index + 1, width: plan.width, height: plan.height, netcam_url: url };
      await writeFile(files[index]!, lines({ ...own, netcam_userpass: `${ACCOUNT.username}:${ACCOUNT.password}` }));
    }
    const main = join(dir, 'motion.conf');
    await writeFile(
      main,
      lines({ ...PEER_ALWAYS, target_dir: dir, ...settings }) + files.map((file) => `camera ${file}\n`).join(''),
    );
    // In a folder of its own: it prefers a motion.conf that it finds where it starts, and writes its log there.
    const child = spawn('motion', ['-n', '-c', main], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
    const one = new Contestant(name, cameras, child);
    one.#read(child.stderr!, stage, /^\[(\d+):.*starting event/, 1);
    return one;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Rejects with what it said last where it is gone already. */
  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    const early = exitCode ?? signalCode;
    if (early !== null) throw new Error(`${this.name} ended by itself (${early}): ${this.#stderr()}`);
    stopChild(this.#child);
    await this.#gone;
  }

  #read(output: Readable, stage: Stage, pattern: RegExp, firstCamera: number): void {
    createInterface(output).on('line', (line) => {
      const camera = pattern.exec(line)?.[1];
      if (camera !== undefined) this.beginnings[Number(camera) - firstCamera]!.push(stage.sceneMs);
    });
  }
}

/** As the program is built, so that nothing that compiles is measured with it. Beside the sources, whose packages it needs. */
async function bundled(): Promise<string> {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const outfile = path('../../dist/bench/motion-listen.js');
  const format = { bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external' } as const;
  await build({ entryPoints: [path('listen.ts')], outfile, ...format });
  return outfile;
}

const PEER_ALWAYS: PeerSettings = {
  ...{ daemon: 'off', log_level: 6, framerate: 15, picture_output: 'off', movie_output: 'off', webcontrol_port: 0 },
  ...{ stream_port: 0, netcam_keepalive: 'off' },
  // By its default of a minute, one event would be all of a clip. This is as fine as ours is.
  event_gap: 2,
};

function lines(settings: PeerSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

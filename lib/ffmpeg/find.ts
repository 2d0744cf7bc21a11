import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../errors.js';

const run = promisify(execFile);

export interface Ffmpeg {
  path: string;
  /** As ffmpeg prints it: `5.1.9-0+deb12u1`. */
  version: string;
}

/** Older ones lack `-timeout` for RTSP and get no security updates. */
const OLDEST = 5;

/** Package managers, in the order they are looked for, and the line that installs ffmpeg with each. */
const INSTALLERS: { file: string; steps: string[][] }[] = [
  {
    file: '/usr/bin/apt-get',
    steps: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'ffmpeg'],
    ],
  },
  { file: '/usr/bin/dnf', steps: [['dnf', 'install', '-y', 'ffmpeg-free']] },
  { file: '/sbin/apk', steps: [['apk', 'add', 'ffmpeg']] },
  { file: '/usr/bin/pacman', steps: [['pacman', '-S', '--noconfirm', 'ffmpeg']] },
  { file: '/opt/homebrew/bin/brew', steps: [['brew', 'install', 'ffmpeg']] },
];

/** Finds a program as a shell would. */
export function which(program: string, path = process.env.PATH ?? ''): string | undefined {
  if (program.includes('/')) return isExecutable(program) ? program : undefined;
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: the same to a search path.
    return false;
  }
}

/**
 * The system's ffmpeg: `preferred` if given, else the first on PATH. Throws a `Failure` (`ffmpeg-missing`,
 * `ffmpeg-too-old`) whose hint is the line to type.
 */
export async function findFfmpeg(preferred?: string): Promise<Ffmpeg> {
  const path = which(preferred ?? 'ffmpeg');
  if (!path) {
    throw new Failure(preferred ? `There is no ffmpeg at ${preferred}` : 'ffmpeg is not installed', {
      kind: 'permanent',
      code: 'ffmpeg-missing',
      hint: `Install it: ${installLine() ?? 'see https://ffmpeg.org/download.html'}`,
    });
  }
  const { stdout } = await run(path, ['-hide_banner', '-version']);
  const version = /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
  const major = /^n?(\d+)\./.exec(version)?.[1];
  // Builds from git are named after a commit or a date (N-109…): newer than any release when they say so.
  if (major !== undefined && Number(major) < OLDEST) {
    throw new Failure(`${path} is version ${version}; at least ${OLDEST} is needed`, {
      kind: 'permanent',
      code: 'ffmpeg-too-old',
      hint: `Upgrade it: ${installLine() ?? 'see https://ffmpeg.org/download.html'}`,
    });
  }
  return { path, version };
}

/** What a person types to install ffmpeg here; undefined where no known package manager is found. */
export function installLine(): string | undefined {
  const installer = INSTALLERS.find(({ file }) => existsSync(file));
  if (!installer) return undefined;
  const line = installer.steps.at(-1)!.join(' ').replace(' -qq', '').replace(' --no-install-recommends', '');
  return needsRoot(installer.file) && process.getuid?.() !== 0 ? `sudo ${line}` : line;
}

function needsRoot(file: string): boolean {
  return !file.includes('brew');
}

/** As {@link findFfmpeg}; where there is none and this user may install packages, says so through `announce` and does it. */
export async function ensureFfmpeg(preferred: string | undefined, announce: (line: string) => void): Promise<Ffmpeg> {
  try {
    return await findFfmpeg(preferred);
  } catch (error) {
    const installer = INSTALLERS.find(({ file }) => existsSync(file));
    const allowed = installer && needsRoot(installer.file) && process.getuid?.() === 0;
    if (!(error instanceof Failure) || error.code !== 'ffmpeg-missing' || preferred || !allowed) throw error;
    announce(`ffmpeg is not installed; installing it now: ${installLine()}`);
    for (const [command, ...args] of installer.steps) {
      await run(command!, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 2 ** 26 });
    }
    return await findFfmpeg();
  }
}

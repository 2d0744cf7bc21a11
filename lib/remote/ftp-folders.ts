import { Failure } from '../errors.js';
import { lostFailure } from './failures.js';
import { sendWithPort } from './ftp-data.js';
import type { FtpSession } from './ftp-dial.js';
import { nonsenseFailure, replyCode } from './ftp-failures.js';
import type { StallWatch } from './stall-watch.js';

/** A listing's progress cannot be seen from outside, so it may take this many times `stallMs`. */
const LISTING_PATIENCE = 2;

export interface FtpEntry {
  name: string;
  type: 'file' | 'folder' | 'other';
  bytes: number;
}

export interface Found {
  bytes: number;
  provenBy: 'stat' | 'list';
}

/** A path that neither begins with white space, which servers skip, nor with `-`, which they take for an option. */
export function argument(path: string): string {
  return /^[\s-]/.test(path) ? `./${path}` : path;
}

/** Makes the folders a path is in, from the deepest up: usually only the day's folder is new, and that is one command. */
export async function makeFoldersFor(session: FtpSession, path: string, watch: StallWatch): Promise<void> {
  const slash = path.lastIndexOf('/');
  if (slash <= 0) return;
  const folder = path.slice(0, slash);
  try {
    await watch.during(sendWithPort(session, `MKD ${argument(folder)}`));
  } catch (error) {
    // One code for "exists", "has no parent" and "not allowed": what cannot be made says so when the file is stored.
    if (replyCode(error) === undefined) throw error;
    if (/exist/i.test((error as Error).message) && !/not exist|n't exist/i.test((error as Error).message)) return;
    await makeFoldersFor(session, folder, watch);
    await watch.during(session.client.sendIgnoringError(`MKD ${argument(folder)}`));
  }
}

/**
 * The size of one file by SIZE, by MLST, or by listing its folder where both say nothing. `another` will follow: the port for it is
 * asked for along with the size.
 */
export async function lookUp(
  session: FtpSession,
  path: string,
  watch: StallWatch,
  another = false,
): Promise<Found | undefined> {
  const { client, features, name } = session;
  const size = `SIZE ${argument(path)}`;
  const said = await unlessRefused(watch.during(another ? sendWithPort(session, size) : client.send(size)));
  if (said) {
    const bytes = /^213 (\d+)$/m.exec(said.message)?.[1];
    if (bytes === undefined) throw nonsenseFailure(name, 'a size', said.message);
    return { bytes: Number(bytes), provenBy: 'stat' };
  }
  if (features.has('MLST')) {
    const facts = (await unlessRefused(watch.during(client.send(`MLST ${argument(path)}`))))?.message ?? '';
    const bytes = /[ ;]size=(\d+);/i.exec(facts)?.[1];
    if (bytes !== undefined && /[ ;]type=file;/i.test(facts)) return { bytes: Number(bytes), provenBy: 'stat' };
  }
  const slash = path.lastIndexOf('/');
  const entries = await list(session, path.slice(0, Math.max(0, slash)), watch);
  const entry = entries?.find((one) => one.name === path.slice(slash + 1) && one.type === 'file');
  return entry && { bytes: entry.bytes, provenBy: 'list' };
}

/** What is in a folder; undefined when there is none. Entered first: a LIST of a file would list that file. */
export async function list(session: FtpSession, folder: string, watch: StallWatch): Promise<FtpEntry[] | undefined> {
  const { client, name } = session;
  session.home ??= await watch.during(client.pwd());
  if (folder !== '' && !(await unlessRefused(watch.during(client.cd(argument(folder)))))) return undefined;
  try {
    const entries = await watch.during(client.list(), undefined, LISTING_PATIENCE);
    return entries.map((one) => ({
      name: one.name,
      type: one.isFile ? 'file' : one.isDirectory ? 'folder' : 'other',
      bytes: one.size,
    }));
  } catch (error) {
    if (error instanceof Failure || replyCode(error) !== undefined || !client.closed) throw error;
    throw lostFailure(name, error);
  } finally {
    if (folder !== '' && !client.closed) await watch.during(client.cd(session.home));
  }
}

/** Undefined where the server has no such thing, does not know the command, or does not let us ask: all are 5xx. */
async function unlessRefused<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    const code = replyCode(error);
    if (code !== undefined && code >= 500 && code !== 530) return undefined;
    throw error;
  }
}

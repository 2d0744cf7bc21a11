import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import { FtpServer } from '../../lib/ftp-server/ftp-server.js';
import type { FtpEvent } from '../../lib/ftp-server/session.js';
import { cutWhatWasArriving, Tree } from '../../lib/ftp-server/tree.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import type { Config } from '../config/schema.js';

export interface FtpWayInOptions {
  config: NonNullable<NonNullable<Config['inbox']>['ftp']>;
  /** Each user's tree is a folder below it. */
  root: string;
  minFreeBytes: number;
  clock: Clock;
  log: Log;
  onStored(user: string): void;
}

const RETRY_MS = 15_000;

/** The FTP server of the inbox. What keeps it from listening is told of and tried again: recording goes on (invariant I7). */
export class FtpWayIn implements Service {
  readonly name = 'inbox ftp';
  readonly #options: FtpWayInOptions;
  readonly #trees: ReadonlyMap<string, Tree>;
  #problem: string | undefined;
  #address: { host: string; port: number } | undefined;

  constructor(options: FtpWayInOptions) {
    this.#options = options;
    const { config, root, minFreeBytes } = options;
    this.#trees = new Map(Object.keys(config.users).map((user) => [user, new Tree(join(root, user), minFreeBytes)]));
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  get address(): { host: string; port: number } | undefined {
    return this.#address;
  }

  /** What was being written when the recorder was killed broke off. */
  async recover(): Promise<void> {
    const { root, log } = this.#options;
    await mkdir(root, { recursive: true });
    const cut = await cutWhatWasArriving(root);
    if (cut > 0) log.warn({ cut }, 'deliveries were under way when the recorder stopped; they are set aside');
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, config } = this.#options;
    if (!config.tls?.required) log.warn({ listen: config.listen }, 'passwords of FTP users go in the clear there');
    while (!signal.aborted) {
      try {
        await this.#serve(signal);
      } catch (error) {
        const hint = error instanceof Failure ? error.hint : undefined;
        const problem = hint ? `${messageOf(error)}. ${hint}` : messageOf(error);
        if (problem !== this.#problem) log.error({ error: problem }, `no FTP; tried again in ${RETRY_MS / 1_000} s`);
        this.#problem = problem;
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  async #serve(signal: AbortSignal): Promise<void> {
    const { config, clock, log } = this.#options;
    const { passive_ports: ports, passive_address: address, allow, connections, idle: idleMs } = config;
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(config.listen)!;
    const server = new FtpServer({
      ...{ host: host!, port: Number(port), allow, connections, idleMs, clock },
      passive: { ...(ports && { ports }), ...(address !== undefined && { address }) },
      ...(config.tls && { tls: await readTls(config.tls) }),
      signIn: async (user, password) => this.#treeOf(user, password),
      onEvent: (event) => this.#tell(event),
    });
    await server.listen();
    this.#address = server.address;
    this.#problem = undefined;
    log.info({ ...server.address }, 'FTP server of the inbox listens');
    await server.run(signal);
  }

  #treeOf(user: string, password: string): Tree | undefined {
    const { users } = this.#options.config;
    const settings = Object.hasOwn(users, user) ? users[user] : undefined;
    // Compared all the same, so that the time it takes tells nobody which users there are.
    const isRight = timingSafeEqual(hashOf(password), hashOf(settings?.password ?? ''));
    return settings && isRight ? this.#trees.get(user) : undefined;
  }

  #tell(event: FtpEvent): void {
    const { log, onStored } = this.#options;
    const { type, ...details } = event;
    if (type === 'sign-in-refused') log.warn(details, 'an FTP sign-in was refused');
    else if (type === 'cut') log.warn(details, 'a delivery over FTP broke off');
    else if (type === 'refused') log.warn(details, 'refused over FTP');
    else log.debug({ type, ...details }, 'FTP');
    if (type === 'stored' || type === 'cut' || type === 'renamed') onStored(event.user);
  }
}

async function readTls({
  certificate_file: certificate,
  key_file: key,
  required,
}: {
  certificate_file: string;
  key_file: string;
  required: boolean;
}) {
  const [cert, secret] = await Promise.all([readFile(certificate), readFile(key)]);
  return { cert, key: secret, required };
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

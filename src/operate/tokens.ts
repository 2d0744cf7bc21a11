import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { Failure } from '../../lib/errors.js';
import { writeFileDurably } from '../../lib/files.js';

/** Lets a program ask the recorder. `read` looks, `full` may also do. */
export interface ApiToken {
  name: string;
  scope: 'read' | 'full';
  /** ISO 8601. */
  createdAt: string;
  /** Hex SHA-256. The token itself is nowhere: it is 256 random bits, so that its hash tells nothing of it. */
  hash: string;
}

const fileSchema = z.array(
  z.object({ name: z.string(), scope: z.enum(['read', 'full']), createdAt: z.string(), hash: z.string() }),
);

/** Told apart from passwords and other programs' tokens, wherever somebody left one lying. */
const PREFIX = 'nvru_';

/** The tokens of a recorder, in a file that its service looks at anew when it changed. */
export class TokenFile {
  readonly #path: string;
  #known: { version: string; tokens: ApiToken[] } = { version: '', tokens: [] };

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws a `Failure` `tokens-damaged`: a file that cannot be read lets nobody in. */
  list(): readonly ApiToken[] {
    const version = versionOf(this.#path);
    if (version === undefined) return [];
    if (version !== this.#known.version) this.#known = { version, tokens: read(this.#path) };
    return this.#known.tokens;
  }

  find(token: string): { name: string; scope: 'read' | 'full' } | undefined {
    if (!token.startsWith(PREFIX)) return undefined;
    // Compared as hashes: how long it takes tells nothing of the token.
    const hash = hashOf(token);
    return this.list().find((one) => one.hash === hash);
  }

  /** The token, which is shown this once. Throws a `Failure` `usage` where the name is taken. */
  async create(name: string, scope: 'read' | 'full', now: number): Promise<string> {
    const tokens = this.list();
    if (tokens.some((one) => one.name === name)) {
      throw new Failure(`There is a token named ${name} already`, {
        kind: 'permanent',
        code: 'usage',
        hint: `Take another name, or end it first: nvr-uplink token revoke ${name}`,
      });
    }
    if (!existsSync(dirname(this.#path))) {
      throw new Failure(`There is no ${dirname(this.#path)} yet (storage.dir), where tokens are kept`, {
        kind: 'permanent',
        code: 'usage',
        hint: 'The first start makes it: nvr-uplink run',
      });
    }
    const token = PREFIX + randomBytes(32).toString('base64url');
    const added: ApiToken = { name, scope, createdAt: new Date(now).toISOString(), hash: hashOf(token) };
    await this.#write([...tokens, added]);
    return token;
  }

  /** From now on it is worth nothing. Whether there was one of this name. */
  async revoke(name: string): Promise<boolean> {
    const tokens = this.list();
    const left = tokens.filter((one) => one.name !== name);
    if (left.length < tokens.length) await this.#write(left);
    return left.length < tokens.length;
  }

  async #write(tokens: readonly ApiToken[]): Promise<void> {
    await writeFileDurably(this.#path, `${JSON.stringify(tokens, null, 2)}\n`, 0o600);
  }
}

function versionOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.size} ${found.mtimeMs}`;
}

function read(path: string): ApiToken[] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    throw new Failure(`The tokens in ${path} cannot be read.`, {
      kind: 'permanent',
      code: 'tokens-damaged',
      hint: 'Remove the file, and make new tokens: nvr-uplink token create NAME',
    });
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

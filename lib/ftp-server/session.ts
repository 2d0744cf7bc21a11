import type { Socket } from 'node:net';
import { Control } from './control.js';
import { plainAddress } from './data.js';
import { formality } from './formalities.js';
import { compact } from './listing.js';
import { Refusal } from './refusal.js';
import type { SignInLimit } from './sign-in-limit.js';
import { type Arrival, type TransferSurroundings, Transfers } from './transfers.js';
import { Tree, type TreeEntry } from './tree.js';

export type FtpEvent =
  | { type: 'signed-in' | 'sign-in-refused'; user: string; address: string; isSecure: boolean }
  | { type: 'renamed'; user: string; path: string }
  | ({ user: string } & Arrival);

/** What every session needs. */
export interface FtpSurroundings extends TransferSurroundings {
  signIn(user: string, password: string): Promise<Tree | undefined>;
  limit: SignInLimit;
  idleMs: number;
  emit(event: FtpEvent): void;
}

const BEFORE_SIGN_IN = new Set([
  'USER',
  'PASS',
  'AUTH',
  'PBSZ',
  'PROT',
  'FEAT',
  'OPTS',
  'SYST',
  'NOOP',
  'QUIT',
  'ABOR',
]);
/** Nothing is read back, changed or removed. */
const REFUSED = new Set(['RETR', 'DELE', 'RMD', 'XRMD', 'STOU', 'SMNT', 'REIN']);
const WRONG_PASSWORD_MS = 1_000;

/** One client, from its greeting to its end. Put-only: names and sizes can be seen, files only be brought. */
export class FtpSession {
  readonly #control: Control;
  readonly #around: FtpSurroundings;
  readonly #socket: Socket;
  readonly #peer: string;
  #user = '';
  #tree: Tree | undefined;
  #folder = '/';
  readonly #transfers: Transfers;
  #from: string | undefined;

  constructor(socket: Socket, around: FtpSurroundings) {
    this.#socket = socket;
    this.#around = around;
    this.#peer = plainAddress(socket.remoteAddress ?? '');
    this.#control = new Control(
      socket,
      (command, argument) => this.#perform(command, argument),
      () => this.#transfers.abort(),
    );
    this.#transfers = new Transfers(this.#control, socket, around);
  }

  async run(): Promise<void> {
    const { clock, idleMs } = this.#around;
    this.#control.say(220, 'Ready');
    const closed = this.#control.closed(clock, idleMs);
    this.#socket.once('close', () => this.#transfers.abort());
    await closed;
    this.#transfers.drop();
  }

  async #perform(command: string, argument: string): Promise<void> {
    if (!this.#tree && !BEFORE_SIGN_IN.has(command)) return this.#control.say(530, 'Sign in first');
    if (REFUSED.has(command)) return this.#refuse(command, argument);
    if (!(await this.#sessionCommand(command, argument))) await this.#fileCommand(command, argument);
  }

  /** False for a command that is none of these. */
  async #sessionCommand(command: string, argument: string): Promise<boolean> {
    switch (command) {
      case 'USER':
        this.#userNamed(argument);
        return true;
      case 'PASS':
        await this.#passwordGiven(argument);
        return true;
      case 'AUTH':
        this.#secure(argument);
        return true;
      case 'PROT':
        this.#transfers.protect(argument.toUpperCase());
        return true;
      case 'FEAT':
        this.#features();
        return true;
      case 'QUIT':
        this.#control.end(221, 'Bye');
        return true;
      default: {
        const answer = formality(command, argument.toUpperCase());
        if (answer) this.#say(...answer);
        return answer !== undefined;
      }
    }
  }

  async #fileCommand(command: string, argument: string): Promise<void> {
    // Only the very next command may say to what a file is renamed.
    const from = this.#from;
    this.#from = undefined;
    switch (command) {
      case 'PWD':
      case 'XPWD':
        return this.#say(257, `"${this.#folder.replaceAll('"', '""')}"`);
      case 'CWD':
      case 'XCWD':
        return this.#changeTo(argument);
      case 'CDUP':
      case 'XCUP':
        return this.#changeTo('..');
      case 'MKD':
      case 'XMKD': {
        const path = this.#path(argument);
        await this.#tree!.makeFolder(path);
        return this.#say(257, `"${path.replaceAll('"', '""')}" is there`);
      }
      case 'PASV':
      case 'EPSV':
        return this.#transfers.passive(command);
      case 'PORT':
      case 'EPRT':
        return this.#transfers.active(command, argument);
      case 'REST':
        return argument === '0' ? this.#say(350, 'From the start') : this.#say(501, 'Files come whole');
      case 'STOR':
        return this.#store(this.#path(argument));
      case 'APPE':
        return this.#append(this.#path(argument));
      case 'SIZE':
        return this.#say(213, String((await this.#file(argument)).bytes));
      case 'MDTM':
        return this.#say(213, compact((await this.#file(argument)).modifiedAt));
      case 'LIST':
      case 'NLST':
      case 'MLSD':
        // `-la` and the like are what clients think they talk to.
        return this.#transfers.list(command, this.#tree!, this.#path(argument.replace(/^-\S*\s*/, '')));
      case 'RNFR':
        await this.#file(argument);
        this.#from = this.#path(argument);
        return this.#say(350, 'To what?');
      case 'RNTO':
        return this.#rename(from, argument);
      default:
        return this.#say(502, 'No such command here');
    }
  }

  #userNamed(user: string): void {
    if (this.#around.tlsRequired && !this.#control.isSecure) throw new Refusal(530, 'AUTH TLS first');
    this.#tree = undefined;
    this.#user = user.slice(0, 100);
    this.#say(331, 'Password?');
  }

  async #passwordGiven(password: string): Promise<void> {
    const { signIn, limit, clock, emit } = this.#around;
    const [user, address] = [this.#user, this.#peer];
    const event = { user, address, isSecure: this.#control.isSecure };
    if (limit.isShut(address)) return this.#control.end(421, 'Too many attempts; try again in five minutes');
    // Counted before it is known, so that many at once are no way around.
    limit.failed(address);
    const tree = await signIn(user, password);
    if (tree) {
      limit.worked(address);
      this.#tree = tree;
      this.#folder = '/';
      emit({ type: 'signed-in', ...event });
      return this.#say(230, 'Signed in');
    }
    emit({ type: 'sign-in-refused', ...event });
    await clock.sleep(WRONG_PASSWORD_MS);
    this.#say(530, 'Wrong user or password');
  }

  #secure(kind: string): void {
    const { context } = this.#around;
    if (!context || !/^TLS(-C)?$/i.test(kind)) throw new Refusal(504, 'Not offered');
    if (this.#control.isSecure) throw new Refusal(503, 'It is secure');
    this.#control.secure(context);
  }

  #features(): void {
    const tls = this.#around.context ? ['AUTH TLS', 'PBSZ', 'PROT'] : [];
    const names = [...tls, 'EPRT', 'EPSV', 'MDTM', 'MLST type*;size*;modify*;', 'SIZE', 'UTF8'];
    this.#control.write(['211-Features:', ...names.map((name) => ` ${name}`), '211 End'].join('\r\n'));
  }

  async #changeTo(argument: string): Promise<void> {
    const path = this.#path(argument);
    const found = path === '/' ? { isFolder: true } : await this.#tree!.find(path);
    if (!found?.isFolder) throw new Refusal(550, 'No such folder');
    this.#folder = path;
    this.#say(250, 'OK');
  }

  /** A new file may be begun like this; an old one is never changed. */
  async #append(path: string): Promise<void> {
    if (await this.#tree!.find(path)) throw new Refusal(550, 'It exists, and is not changed');
    return this.#store(path);
  }

  async #store(path: string): Promise<void> {
    const user = this.#user;
    await this.#transfers.store(this.#tree!, path, (arrival) => this.#around.emit({ user, ...arrival }));
  }

  async #rename(from: string | undefined, argument: string): Promise<void> {
    if (from === undefined) throw new Refusal(503, 'RNFR first');
    const path = this.#path(argument);
    await this.#tree!.rename(from, path);
    this.#around.emit({ type: 'renamed', user: this.#user, path });
    this.#say(250, 'Renamed');
  }

  async #file(argument: string): Promise<TreeEntry> {
    const found = await this.#tree!.find(this.#path(argument));
    if (!found || found.isFolder) throw new Refusal(550, 'No such file');
    return found;
  }

  #refuse(command: string, argument: string): void {
    this.#around.emit({ type: 'refused', user: this.#user, path: argument.slice(0, 200), reason: command });
    this.#control.say(550, 'Files are only brought here');
  }

  #path(argument: string): string {
    return Tree.resolve(this.#folder, argument);
  }

  #say(code: number, text: string): void {
    this.#control.say(code, text);
  }
}

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { messageOf } from '../errors.js';
import { EndpointFaults } from './faults.js';
import { FtpsControl } from './ftps-control.js';
import { PassiveData } from './ftps-data.js';
import type { FtpsSurroundings } from './ftps-endpoint.js';
import { absolutePath } from './logical-path.js';
import { listedName, Refusal } from './replies.js';
import { UploadingFile } from './uploading-file.js';
import { UserView } from './user-view.js';
import type { EndpointUser } from './users.js';

/** Before the sign-in there is nothing else to do. */
const BEFORE_SIGN_IN = new Set(['USER', 'PASS', 'PBSZ', 'PROT', 'FEAT', 'QUIT', 'NOOP', 'OPTS']);

/** One FTPS session: turns commands into what the user's view of the store allows. */
export class FtpsSession {
  readonly #around: FtpsSurroundings;
  readonly #control: FtpsControl;
  #username = '';
  #view: UserView | undefined;
  #folder = '/';
  #isPrivate = false;
  #data: PassiveData | undefined;

  constructor(socket: Socket, around: FtpsSurroundings) {
    this.#around = around;
    this.#control = new FtpsControl(socket, (command, argument) => this.#perform(command, argument));
    // A transfer that waits for its data connection must not keep the session.
    socket.once('close', () => this.#dropData());
  }

  /** Resolves once the connection is closed and all that it left open is dealt with. */
  async run(): Promise<void> {
    this.#say(220, 'Service ready');
    await this.#control.closed();
    // Opened by a command that was answered into nothing.
    this.#dropData();
    this.#around.emit({ type: 'disconnected', user: this.#view?.user.name, reason: 'client' });
  }

  async #perform(command: string, argument: string): Promise<void> {
    if (!this.#control.isSecure) {
      if (command === 'AUTH' && argument.toUpperCase() === 'TLS') return this.#control.secure(this.#around.context);
      return this.#say(command === 'QUIT' ? 221 : 534, 'Issue AUTH TLS first');
    }
    if (!this.#view && !BEFORE_SIGN_IN.has(command)) return this.#say(530, 'Not logged in');
    switch (command) {
      case 'USER':
        this.#username = argument;
        return this.#say(331, 'Password required');
      case 'PASS':
        return this.#signIn(argument);
      case 'PBSZ':
        return this.#say(200, 'PBSZ=0');
      case 'PROT':
        this.#isPrivate = argument.toUpperCase() === 'P';
        return this.#isPrivate ? this.#say(200, 'Private') : this.#say(534, 'Only PROT P');
      case 'FEAT':
        return this.#control.write('211-Features\r\n UTF8\r\n EPSV\r\n PASV\r\n SIZE\r\n PBSZ\r\n PROT\r\n211 End');
      case 'PWD':
        return this.#say(257, `"${this.#folder}" is the current folder`);
      case 'CWD':
        await this.#view!.list(this.#path(argument));
        this.#folder = this.#path(argument);
        return this.#say(250, 'Changed');
      case 'EPSV':
        return this.#say(229, `Entering Extended Passive Mode (|||${await this.#passive()}|)`);
      case 'PASV': {
        const port = await this.#passive();
        const host = this.#around.host.replaceAll('.', ',');
        return this.#say(227, `Entering Passive Mode (${host},${port >> 8},${port & 255})`);
      }
      case 'STOR':
        return this.#store(this.#path(argument));
      case 'LIST':
        return this.#list(this.#path(argument.startsWith('-') ? '' : argument));
      case 'SIZE':
        return this.#say(213, String((await this.#view!.stat(this.#path(argument))).size));
      case 'MKD':
        await this.#view!.makeFolder(this.#path(argument));
        return this.#say(257, 'Created');
      case 'DELE':
      case 'RMD':
        return this.#view!.forbid('remove', argument);
      case 'RNFR':
        return this.#view!.forbid('rename', argument);
      case 'TYPE':
      case 'NOOP':
      case 'OPTS':
        return this.#say(200, 'OK');
      case 'QUIT':
        return this.#control.end();
      default:
        // APPE and REST among them: objects in S3 only come whole.
        return this.#say(502, 'Command not implemented');
    }
  }

  async #signIn(password: string): Promise<void> {
    const user = this.#username;
    const found = await this.#identify(user, password);
    if (!found) {
      this.#around.emit({ type: 'sign-in-refused', user, method: 'password' });
      return this.#say(530, 'Not logged in');
    }
    const { store, behaviour, emit } = this.#around;
    this.#view = new UserView(store, found, behaviour, (violation, detail) =>
      emit({ type: 'violation', user, violation, detail }),
    );
    emit({ type: 'signed-in', user, method: 'password' });
    this.#say(230, 'Logged in');
  }

  async #identify(username: string, password: string): Promise<EndpointUser | undefined> {
    const { identity, emit } = this.#around;
    try {
      const sourceIp = this.#control.remoteAddress;
      return await identity.password(username, password, { protocol: 'FTPS', sourceIp });
    } catch (error) {
      emit({ type: 'identity-provider-failed', user: username, reason: messageOf(error) });
      return undefined;
    }
  }

  async #passive(): Promise<number> {
    if (!this.#isPrivate) throw new Refusal('PERMISSION_DENIED', 'PROT P required');
    this.#dropData();
    this.#data = await PassiveData.open(this.#around.host, this.#around.context);
    return this.#data.port;
  }

  async #store(path: string): Promise<void> {
    const view = this.#view!;
    const key = view.uploadKey(path);
    const data = this.#openedData();
    try {
      const { emit } = this.#around;
      const { violation, user, store } = view;
      const { signal: stopping } = new AbortController();
      const none = { faults: new EndpointFaults(), stopping, drop: () => undefined };
      const context = { user: user.name, key, emit, violation, ...none };
      const file = new UploadingFile(await store.begin(key), context);
      this.#say(150, 'Send it');
      if (await received(data, file)) {
        await file.close();
        this.#say(226, 'Stored');
      } else {
        // Cut off: as over SFTP, what arrived becomes visible.
        await file.abandon();
        this.#say(426, 'Connection closed; transfer aborted');
      }
    } finally {
      this.#dropData();
    }
  }

  async #list(path: string): Promise<void> {
    const entries = await this.#view!.list(path);
    const data = this.#openedData();
    try {
      this.#say(150, 'Here it comes');
      const socket = await data.socket();
      for (let next = await entries.next(); !next.done; next = await entries.next()) {
        socket.write(`${listedName(next.value).longname}\r\n`);
      }
      socket.end();
      await once(socket, 'close');
      this.#say(226, 'Done');
    } finally {
      this.#dropData();
    }
  }

  #dropData(): void {
    this.#data?.close();
    this.#data = undefined;
  }

  #openedData(): PassiveData {
    const data = this.#data;
    if (!data) throw new Refusal('FAILURE', 'Use EPSV or PASV first');
    return data;
  }

  #path(argument: string): string {
    return absolutePath(argument.startsWith('/') ? argument : `${this.#folder}/${argument}`);
  }

  #say(code: number, text: string): void {
    this.#control.say(code, text);
  }
}

/** Whether the data connection ended in order, after its last byte. A cut one, and one that was refused, did not. */
async function received(data: PassiveData, file: UploadingFile): Promise<boolean> {
  try {
    for await (const chunk of await data.socket()) await file.write(file.bytes, chunk as Buffer);
    return true;
  } catch {
    // Whatever it was, the file is not whole; the client learns that from the reply.
    return false;
  }
}

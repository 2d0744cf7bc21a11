import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { deferred } from './deferred.js';
import { FTP_PASSWORD, type FtpAnswer, type ScriptedFtpServer } from './scripted-ftp-server.js';

/** One session of the scripted server. */
export class ScriptedFtpSession {
  readonly #server: ScriptedFtpServer;
  readonly #raw: Socket;
  #control: Socket;
  #buffer = '';
  #data: Promise<Socket> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(server: ScriptedFtpServer, raw: Socket) {
    this.#server = server;
    this.#raw = raw;
    this.#control = raw;
    this.#listenTo(raw);
  }

  greet(): void {
    this.#next('', '', () => this.#say('220 scripted'));
  }

  #listenTo(socket: Socket): void {
    socket.on('data', (bytes: Buffer) => {
      if (socket === this.#raw) this.#server.plain += bytes.toString('latin1');
      this.#buffer += bytes.toString('utf8');
      for (let end = this.#buffer.indexOf('\r\n'); end >= 0; end = this.#buffer.indexOf('\r\n')) {
        const line = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 2);
        const space = line.indexOf(' ');
        const [command, argument] = space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
        this.#server.note({ command, argument: command === 'PASS' ? '' : argument });
        this.#next(command, argument, () => this.#honest(command, argument));
      }
    });
  }

  /** Commands are answered in the order they came. */
  #next(command: string, argument: string, honest: () => void | Promise<void>): void {
    this.#last = this.#last.then(async () => {
      const answer = await this.#server.script.answer?.(command, argument);
      if (answer === undefined) await honest();
      else this.#answer(answer);
    });
    // A socket that ended meanwhile is what most tests are about.
    this.#last = this.#last.catch(() => undefined);
  }

  #answer(answer: NonNullable<FtpAnswer>): void {
    if (answer === 'reset') this.#raw.resetAndDestroy();
    else if (answer !== 'silence') this.#say(answer);
  }

  #say(line: string): void {
    this.#control.write(`${line}\r\n`);
  }

  async #honest(command: string, argument: string): Promise<void> {
    const { files } = this.#server;
    switch (command) {
      case 'AUTH':
        return this.#upgrade();
      case 'USER':
        return this.#say('331 password?');
      case 'PASS':
        return this.#say(argument === FTP_PASSWORD ? '230 in' : '530 Login incorrect.');
      case 'FEAT':
        return this.#say('211-Features:\r\n UTF8\r\n EPSV\r\n SIZE\r\n211 End');
      case 'PWD':
        return this.#say('257 "/" is where you are');
      case 'EPSV':
        return this.#say(`229 Extended (|||${await this.#passive()}|)`);
      case 'PASV': {
        const port = await this.#passive();
        return this.#say(`227 Passive (127,0,0,1,${port >> 8},${port & 255})`);
      }
      case 'STOR':
        return this.#store(argument);
      case 'LIST':
        return this.#list();
      case 'SIZE': {
        const file = files.get(argument);
        return this.#say(file ? `213 ${file.length}` : '550 Could not get file size.');
      }
      case 'QUIT':
        return void this.#control.end('221 bye\r\n');
      default:
        return this.#say('200 fine');
    }
  }

  async #upgrade(): Promise<void> {
    this.#say('234 go on');
    const { control } = this.#server.script;
    if (control === 'plain') return this.#say('220 Let us go on like this');
    this.#raw.removeAllListeners('data');
    if (control === 'stall') {
      // Read, and never answered.
      this.#raw.on('data', () => undefined);
      return;
    }
    const secure = new TLSSocket(this.#raw, { isServer: true, secureContext: this.#context() });
    this.#server.keep(secure);
    this.#control = secure;
    this.#listenTo(secure);
  }

  #context(): SecureContext {
    const { certificate, script } = this.#server;
    const context = createSecureContext({ key: certificate.key, cert: certificate.cert, ...script.tls });
    // One key for tickets, so that data connections may resume: a context each, as a real server's processes have.
    context.context.setTicketKeys(Buffer.alloc(48, 7));
    return context;
  }

  async #passive(): Promise<number> {
    const server = createServer();
    const accepted = deferred<Socket>();
    server.once('connection', (socket) => {
      server.close();
      this.#server.keep(socket);
      this.#server.dataConnections.all += 1;
      accepted.resolve(this.#secured(socket));
    });
    server.listen(0, this.#server.host);
    await once(server, 'listening');
    this.#raw.once('close', () => server.close());
    this.#data = accepted.promise;
    return (server.address() as AddressInfo).port;
  }

  #secured(socket: Socket): Socket {
    const { dataTls } = this.#server.script;
    if (dataTls === 'stall' || dataTls === 'plain' || !(this.#control instanceof TLSSocket)) {
      socket.on('data', (bytes) => {
        this.#server.plain += bytes.toString('latin1');
      });
      return socket;
    }
    const { stranger } = this.#server;
    const context =
      dataTls === 'stranger' ? createSecureContext({ key: stranger!.key, cert: stranger!.cert }) : this.#context();
    const secure = new TLSSocket(socket, { isServer: true, secureContext: context });
    this.#server.keep(secure);
    secure.once('secure', () => {
      if (secure.isSessionReused()) this.#server.dataConnections.resumed += 1;
    });
    return secure;
  }

  async #store(path: string): Promise<void> {
    const data = await this.#data!;
    const chunks: Buffer[] = [];
    let bytes = 0;
    data.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      const then = this.#server.script.data?.(path, bytes);
      if (then === 'stop') data.pause();
      else if (then === 'reset') data.destroy();
      else if (then !== undefined) {
        // As a full disk does: the reason on one connection, an end to the other.
        this.#say(then);
        data.destroy();
      }
    });
    this.#say('150 send');
    data.once('end', () => {
      const kept = this.#server.script.kept?.(path, bytes) ?? bytes;
      if (kept >= 0) this.#server.files.set(path, Buffer.concat(chunks).subarray(0, kept));
      data.end();
      this.#next('STOR done', path, () => this.#say('226 stored'));
    });
  }

  async #list(): Promise<void> {
    const data = await this.#data!;
    this.#say('150 listing');
    const lines = [...this.#server.files].map(
      ([name, { length }]) => `-rw-r--r-- 1 o g ${length} Jan 1 2026 ${name}\r\n`,
    );
    data.end(lines.join(''));
    await once(data, 'close');
    this.#say('226 done');
  }
}

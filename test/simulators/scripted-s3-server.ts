import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Crc64Nvme } from '@aws-sdk/crc64-nvme';
import type { Certificate } from './certificates.js';

export interface S3Script {
  /** In place of the honest reply to a request: a status with the name of an error, nothing at all, or a reset. */
  answer?: (operation: S3Operation, key: string) => [status: number, code: string] | 'silence' | 'reset' | undefined;
  /** What is kept of an object. */
  kept?: (data: Buffer) => Buffer;
  /** No checksums, as older servers; or one that is made up. */
  checksums?: 'none' | 'wrong';
}

export type S3Operation = 'put' | 'create' | 'part' | 'complete' | 'abort' | 'head' | 'list';

interface Stored {
  data: Buffer;
  checksum: string;
}

/** As much of S3 as a put needs, AWS's checksums and conditional writes included; honest unless told otherwise. */
export class ScriptedS3Server {
  readonly operations: S3Operation[] = [];
  readonly objects = new Map<string, Stored>();
  endpoint = '';
  script: S3Script;
  readonly #parts = new Map<number, Buffer>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(script: S3Script, identity?: Certificate) {
    this.script = script;
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    this.#server = identity ? createTlsServer({ key: identity.key, cert: identity.cert }, serve) : createServer(serve);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(script: S3Script = {}, identity?: Certificate): Promise<ScriptedS3Server> {
    const server = new ScriptedS3Server(script, identity);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    server.endpoint = `${identity ? 'https' : 'http'}://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    return server;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.endpoint);
    const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
    const operation = operationOf(request.method!, url.searchParams, key);
    this.operations.push(operation);
    const body = await read(request).catch(() => undefined);
    // Who asked has hung up, and hears nothing any more.
    if (!body) return;
    const answer = this.script.answer?.(operation, key);
    if (answer === 'silence') return;
    if (answer === 'reset') return void request.socket.resetAndDestroy();
    if (answer) return fail(response, ...answer);
    const claimed = request.headers['x-amz-checksum-crc64nvme'];
    if (claimed !== undefined && claimed !== (await crc64nvme(body))) return fail(response, 400, 'BadDigest');
    const isNew = !this.objects.has(key);
    if (request.headers['if-none-match'] === '*' && !isNew) return fail(response, 412, 'PreconditionFailed');
    await this.#do(operation, key, Number(url.searchParams.get('partNumber')), body, response);
  }

  async #do(operation: S3Operation, key: string, part: number, body: Buffer, response: ServerResponse): Promise<void> {
    switch (operation) {
      case 'put':
        return void response.writeHead(200, await this.#store(key, body)).end();
      case 'create':
        this.#parts.clear();
        return void response.end(
          '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>',
        );
      case 'part':
        this.#parts.set(part, body);
        return void response.writeHead(200, { etag: `"${part}"` }).end();
      case 'complete': {
        const whole = Buffer.concat([...this.#parts].sort(([a], [b]) => a - b).map(([, data]) => data));
        const { 'x-amz-checksum-crc64nvme': checksum } = await this.#store(key, whole);
        const told = checksum
          ? `<ChecksumCRC64NVME>${checksum}</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>`
          : '';
        return void response.end(
          `<CompleteMultipartUploadResult><ETag>"x-2"</ETag>${told}</CompleteMultipartUploadResult>`,
        );
      }
      case 'head': {
        const found = this.objects.get(key);
        if (!found) return void response.writeHead(404).end();
        return void response
          .writeHead(200, { 'content-length': found.data.length, ...checksumHeader(found.checksum) })
          .end();
      }
      case 'list': {
        const all = [...this.objects].map(
          ([name, { data }]) => `<Contents><Key>${name}</Key><Size>${data.length}</Size></Contents>`,
        );
        return void response.end(`<ListBucketResult>${all.join('')}</ListBucketResult>`);
      }
      case 'abort':
        return void response.writeHead(204).end();
    }
  }

  async #store(key: string, body: Buffer): Promise<Record<string, string>> {
    const data = this.script.kept?.(body) ?? body;
    const { checksums } = this.script;
    const checksum = checksums === 'none' ? '' : await crc64nvme(checksums === 'wrong' ? Buffer.from('other') : data);
    this.objects.set(key, { data, checksum });
    return checksumHeader(checksum);
  }
}

function checksumHeader(checksum: string): Record<string, string> {
  return checksum ? { 'x-amz-checksum-crc64nvme': checksum } : {};
}

function operationOf(method: string, query: URLSearchParams, key: string): S3Operation {
  if (method === 'HEAD') return 'head';
  if (method === 'GET' && key === '') return 'list';
  if (method === 'DELETE') return 'abort';
  if (method === 'POST') return query.has('uploads') ? 'create' : 'complete';
  return query.has('partNumber') ? 'part' : 'put';
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The library's, not the tests' own, which would keep a large file's sender waiting. */
async function crc64nvme(data: Buffer): Promise<string> {
  const crc = new Crc64Nvme();
  crc.update(data);
  return Buffer.from(await crc.digest()).toString('base64');
}

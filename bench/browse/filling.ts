import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { CopyObjectCommand, CreateBucketCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import PQueue from 'p-queue';
import type { RadosgwAddress } from '../../test/peers/radosgw.js';

export const BUCKET = 'bucket';

const [AT_ONCE, WAITING] = [32, 256];
const PART = 8 * 1024 * 1024;
/** The one film all others are copies of: a copy shares the parts, where each upload would be held in memory anew. */
const FILM = 'film';

/**
 * Fills a bucket that everybody may read and write: small objects go in without a signature, several times as fast. Of what fails,
 * `finish` tells.
 */
export class Filling {
  readonly #client: S3Client;
  readonly #endpoint: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  readonly #queue = new PQueue({ concurrency: AT_ONCE });
  #failure: unknown;

  private constructor({ endpoint, region, credentials }: RadosgwAddress) {
    this.#endpoint = new URL(endpoint);
    this.#client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  }

  static async start(address: RadosgwAddress): Promise<Filling> {
    const filling = new Filling(address);
    await filling.#client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const Action = ['s3:GetObject', 's3:PutObject'];
    const Statement = [{ Effect: 'Allow', Principal: '*', Action, Resource: `arn:aws:s3:::${BUCKET}/*` }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await filling.#client.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy }));
    return filling;
  }

  async put(key: string, body: string | Buffer): Promise<void> {
    await this.#add(() => this.#put(key, Buffer.from(body)));
  }

  /** What `copyFilm` copies. */
  async film(body: Buffer): Promise<void> {
    const params = { Bucket: BUCKET, Key: FILM, Body: body };
    await new Upload({ client: this.#client, params, partSize: PART }).done();
  }

  async copyFilm(key: string): Promise<void> {
    const command = new CopyObjectCommand({ Bucket: BUCKET, Key: key, CopySource: `${BUCKET}/${FILM}` });
    await this.#add(() => this.#client.send(command));
  }

  async finish(): Promise<void> {
    await this.#queue.onIdle();
    this.#agent.destroy();
    this.#client.destroy();
    if (this.#failure) throw this.#failure;
  }

  async #add(task: () => Promise<unknown>): Promise<void> {
    void this.#queue.add(task).catch((error: unknown) => (this.#failure ??= error));
    await this.#queue.onSizeLessThan(WAITING);
  }

  async #put(key: string, body: Buffer): Promise<void> {
    const { hostname, port } = this.#endpoint;
    const headers = { 'content-length': body.length };
    const sent = request({ agent: this.#agent, hostname, port, method: 'PUT', path: `/${BUCKET}/${key}`, headers });
    sent.end(body);
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    reply.resume();
    await once(reply, 'end');
    if (reply.statusCode !== 200) throw new Error(`PUT ${key}: ${reply.statusCode}`);
  }
}

import type { Cam } from 'onvif';
import { Failure } from '../errors.js';
import { type Jpeg, readJpeg } from '../jpeg.js';
import { redact } from '../redact.js';
import { chooseStreams } from './choose-streams.js';
import type { OnvifConnection } from './connection.js';
import { SoapFault } from './failures.js';
import { profilesOf } from './profiles.js';
import { nameOf } from './target.js';
import { escapeXml, textAt, type XmlElement } from './xml.js';

export interface SnapshotOptions {
  /** The media profile whose picture is wanted. Default: that of the main stream. */
  profile?: string;
  signal?: AbortSignal;
  /** For all of it. Default 15 s: some cameras encode it only then. */
  deadlineMs?: number;
}

const SNAPSHOT_MS = 15_000;

/** A picture of 50 megapixels has less. */
const MAX_BYTES = 16 * 2 ** 20;

/**
 * A JPEG of this moment, as the camera itself makes it, by HTTP(S) with Digest or Basic. Rejects with what the connection does,
 * and with `snapshot-missing`, `snapshot-not-http` or `picture-invalid`.
 */
export async function fetchSnapshot(connection: OnvifConnection, options: SnapshotOptions = {}): Promise<Jpeg> {
  const { deadlineMs = SNAPSHOT_MS, signal } = options;
  return await connection.within(deadlineMs, signal, async (limit) => {
    const uri = await snapshotUri(connection, options.profile, limit);
    return readJpeg(await connection.get(uri, { signal: limit, deadlineMs, maxBytes: MAX_BYTES }));
  });
}

/** By the first media service where there is one: some cameras of both know no snapshots in the second. */
async function snapshotUri(
  connection: OnvifConnection,
  profile: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const services = (['media', 'media2'] as const).filter((name) => connection.has(name));
  let refusal: SoapFault | undefined;
  for (const service of services) {
    const ask = (write: (cam: Cam) => void) => connection.ask(service, write, { signal });
    try {
      const profileToken =
        profile ?? mainProfile(connection, await ask((cam) => cam.getProfiles(() => undefined)), service);
      const uri = uriIn(
        await ask((cam) => cam.getSnapshotUri({ profileToken: escapeXml(profileToken) }, () => undefined)),
      );
      if (uri) return checked(connection, uri);
    } catch (error) {
      if (!(error instanceof SoapFault)) throw error;
      refusal = error;
    }
  }
  throw missing(connection, refusal);
}

function mainProfile(connection: OnvifConnection, reply: XmlElement, service: 'media' | 'media2'): string {
  const profiles = profilesOf(reply, service === 'media' ? 1 : 2);
  const { main = profiles[0] } = chooseStreams(profiles);
  if (!main) throw missing(connection, undefined);
  return main.token;
}

/** The first version wraps it in a `MediaUri`. */
function uriIn(reply: XmlElement): string | undefined {
  return textAt(reply, 'MediaUri', 'Uri') ?? textAt(reply, 'Uri');
}

/** Clones of XM's answer with the address of the stream, password and all: that is no picture. */
function checked(connection: OnvifConnection, uri: string): string {
  if (/^https?:\/\//i.test(uri.trim())) return uri;
  const shown = redact(uri.slice(0, 100), [connection.target.password]);
  throw new Failure(
    `${nameOf(connection.target)} has no snapshots: it names ${JSON.stringify(shown)}, which is not HTTP`,
    {
      kind: 'permanent',
      code: 'snapshot-not-http',
      hint: 'Nothing to do: pictures are taken from its stream instead.',
    },
  );
}

function missing(connection: OnvifConnection, cause: SoapFault | undefined): Failure {
  return new Failure(`${nameOf(connection.target)} has no snapshots${cause ? `: ${cause.message}` : ''}`, {
    kind: 'permanent',
    code: 'snapshot-missing',
    hint: 'Nothing to do: pictures are taken from its stream instead.',
    cause,
  });
}

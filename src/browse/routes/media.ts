import { pipeline } from 'node:stream/promises';
import type { Request, Response, Router } from 'express';
import type { MediaEntry } from '../../segment.js';
import type { CheckReply } from '../api.js';
import { viewerOf } from '../guard.js';
import { keyOf, latestQuery, mediaQuery, parse, siteQuery, snapshotPath } from '../input.js';
import type { KnownCameras } from '../known-cameras.js';
import { mediaFault, whyNot } from '../media-fault.js';
import type { WebOptions } from '../options.js';
import type { Playback } from '../playback.js';
import { Refusal } from '../refusal.js';
import type { Sites } from '../sites.js';

export interface MediaParts {
  sites: Sites;
  playback: Playback;
  /** Aborts when the server stops. */
  stopping: AbortSignal;
}

/** The files themselves, and the newest picture. */
export function mediaRoutes(router: Router, { sites, playback, stopping }: MediaParts, options: WebOptions): void {
  router.get('/api/v1/media/*key', async (request, response) => {
    const key = keyOf(request.params.key);
    if (!key || !sites.isMedia(key)) throw new Refusal(404, 'unknown-key', 'This is not the key of a media file.');
    const { via, as, from, at } = parse(mediaQuery, request.query);
    if (as) {
      await noteView(request, response, key, options);
      return await sendTranscoded(request, response, { sites, segment: await sites.segment(key), from }, options);
    }
    await noteView(request, response, key, options);
    // Pictures are small, and kept by the browser for good only where they come from here.
    const isFilm = request.method === 'GET' && !key.endsWith('.jpg');
    const link = isFilm && via === undefined ? await sites.link(key) : undefined;
    if (link === undefined && isFilm && at > 0 && startsAtZero(request)) sites.foresee(key, at);
    if (link === undefined) await playback.send(request, response, key);
    else response.redirect(302, link);
  });

  router.get('/api/v1/checks/*key', async (request, response) => {
    const key = keyOf(request.params.key);
    const entry = key === undefined ? undefined : await sites.entry(key);
    if (!key || !entry) throw new Refusal(404, 'unknown-key', 'This is not the key of a media file.');
    const fault = await mediaFault(sites, entry);
    const problem = fault && { code: fault.code, message: fault.message, ...(fault.hint && { hint: fault.hint }) };
    response.json({ key, ...(problem && { problem }) } satisfies CheckReply);
  });

  router.get('/latest', async (request, response) => {
    const { camera, site } = parse(latestQuery, request.query);
    const { cameras, name: ofSite } = sites.of(site);
    if (camera) await cameras.require(camera);
    const name = camera ?? (await cameras.names())[0];
    // Several viewers may share one picture, so it is not given up when one of them leaves.
    const picture = name && (await options.latestPicture(name, stopping, ofSite));
    if (!picture)
      throw new Refusal(404, 'no-picture', 'There is no picture yet.', 'Try again when the camera records.');
    const taken = new Date(picture.at);
    response.set({ 'Last-Modified': taken.toUTCString(), 'X-Taken-At': taken.toISOString() });
    response.type('image/jpeg').send(picture.jpeg);
  });

  const sendSnapshot = async (request: Request, response: Response) => {
    const { archive, cameras } = sites.of(parse(siteQuery, request.query).site);
    const { camera = await onlyCamera(cameras), day, time } = parse(snapshotPath, request.params);
    await cameras.require(camera);
    const second = Date.parse(`${day}T${time.replaceAll('-', ':')}Z`);
    const entries = await archive.entries(camera, day);
    const found = entries.find(
      (entry) => entry.type === 'snapshot' && entry.start >= second && entry.start < second + 1_000,
    );
    if (found?.type !== 'snapshot')
      throw new Refusal(404, 'no-picture', 'No picture was taken then.', 'Times are UTC.');
    await playback.send(request, response, found.key);
  };
  router.get('/snapshots/:day/:time.jpg', sendSnapshot);
  router.get('/snapshots/:camera/:day/:time.jpg', sendSnapshot);
}

/** A player's first request of a film: it reads its table of contents. */
const startsAtZero = ({ headers }: Request) => /^bytes=0-$/.test(headers.range ?? '');

/** Films, not the pictures beside them: those are looked at by whoever opens the page. */
async function noteView(request: Request, response: Response, key: string, { audit }: WebOptions): Promise<void> {
  if (!audit || request.method !== 'GET' || key.endsWith('.jpg')) return;
  const { user } = viewerOf(response);
  await audit.note({ action: 'viewed', user: user ?? 'local', address: request.ip, key });
}

/** Ends with the viewer: nobody else watches what is made here. */
async function sendTranscoded(
  request: Request,
  response: Response,
  { sites, segment, from }: { sites: Sites; segment: MediaEntry | undefined; from: number },
  { transcode }: WebOptions,
): Promise<void> {
  if (!transcode || !segment || request.method !== 'GET')
    throw new Refusal(404, 'no-transcode', 'This cannot be transcoded here.', 'It needs ffmpeg, and a film.');
  const left = new AbortController();
  response.once('close', () => left.abort());
  const made = await transcode(segment, from * 1_000, left.signal).catch(async (error: unknown) => {
    throw await whyNot(sites, segment, error);
  });
  response.set({ 'Content-Type': 'video/mp4', 'X-Starts-At': String(made.startMs) });
  try {
    await pipeline(made.stream, response);
  } catch {
    // Half a film cannot be taken back; the connection breaks, which pipeline did.
    response.destroy();
  }
}

async function onlyCamera(cameras: KnownCameras): Promise<string> {
  const [first, ...others] = await cameras.names();
  if (first && others.length === 0) return first;
  throw new Refusal(
    404,
    'which-camera',
    'The address does not say which camera.',
    'Write /snapshots/CAMERA/YYYY-MM-DD/HH-MM-SS.jpg.',
  );
}

import type {
  CalendarReply,
  CheckReply,
  EntriesReply,
  ErrorReply,
  ExportReply,
  ExportRequest,
  NearestDaysReply,
  PhotosReply,
  SessionReply,
  StatusReport,
  StorageReply,
} from '../../src/browse/api.js';
import { setServerTime } from './clock.js';
import { guestToken } from './guest.js';
import { go } from './router.js';
import { chosenSite } from './site.js';

/** What went wrong, in words for the person who sees the page. `status` 0: the recorder did not answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly hint: string | undefined;
  readonly code: string | undefined;

  constructor(message: string, status: number, { hint, code }: { hint?: string; code?: string } = {}) {
    super(message);
    this.status = status;
    this.hint = hint;
    this.code = code;
  }
}

async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    const headers = new Headers(init.headers);
    if (guestToken) headers.set('authorization', `Bearer ${guestToken}`);
    response = await fetch(path, { cache: 'no-store', ...init, headers });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError('The recorder does not answer.', 0);
  }
  setServerTime(Date.parse(response.headers.get('date') ?? ''), false);
  if (response.ok) return response;
  const body = (await response.json().catch(() => undefined)) as ErrorReply | undefined;
  const message = body?.error?.message ?? `The recorder answered ${response.status}.`;
  throw new ApiError(message, response.status, body?.error);
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  try {
    const response = await request(path, { signal: signal ?? null });
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401 && !guestToken && location.pathname !== '/login') {
      go(`/login?to=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
    }
    throw error;
  }
}

function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
}

const query = (params: Record<string, string | number | undefined>) =>
  new URLSearchParams(
    Object.entries({ ...params, site: chosenSite() }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  ).toString();

export const login = (user: string, password: string) => post('/api/v1/login', { user, password });
export const logout = () => post('/api/v1/logout', {});
export const getSession = (signal?: AbortSignal) => get<SessionReply>('/api/v1/session', signal);

export async function getStatus(signal?: AbortSignal): Promise<StatusReport> {
  const report = await get<StatusReport>('/api/v1/status', signal);
  setServerTime(Date.parse(report.at), true);
  return report;
}

export async function getCameras(signal?: AbortSignal): Promise<string[]> {
  return (await get<{ cameras: string[] }>(`/api/v1/cameras?${query({})}`, signal)).cameras;
}

/** UTC days of a camera, or of all: the newest, those back from `to`, or those on from `from`; the nearest first. */
export async function getNearestDays(
  asked: { camera?: string | undefined; from?: string; to?: string | undefined; limit: number },
  signal?: AbortSignal,
): Promise<NearestDaysReply['days']> {
  return (await get<NearestDaysReply>(`/api/v1/days/nearest?${query(asked)}`, signal)).days;
}

/** UTC days of a month (`YYYY-MM`) in which a camera has anything. */
export async function getCalendar(camera: string, month: string, signal?: AbortSignal): Promise<string[]> {
  const { cameras } = await get<CalendarReply>(`/api/v1/calendar?${query({ camera, month })}`, signal);
  return cameras[0]?.days ?? [];
}

export async function getEntries(camera: string, day: string, signal?: AbortSignal): Promise<EntriesReply> {
  const reply = await get<EntriesReply>(`/api/v1/entries?${query({ camera, day })}`, signal);
  setServerTime(reply.now, true);
  return reply;
}

export const getStorage = (camera: string, day: string, signal?: AbortSignal) =>
  get<StorageReply>(`/api/v1/storage?${query({ camera, day })}`, signal);

export const getPhotos = (camera: string | undefined, before: number | undefined, signal?: AbortSignal) =>
  get<PhotosReply>(`/api/v1/photos?${query({ camera, before, limit: 48 })}`, signal);

export async function orderExport(order: ExportRequest, signal: AbortSignal): Promise<ExportReply> {
  const response = await post('/api/v1/exports', { ...order, site: chosenSite() }, signal);
  return (await response.json()) as ExportReply;
}

export const getExport = (id: string, signal: AbortSignal) =>
  get<ExportReply>(`/api/v1/exports/${encodeURIComponent(id)}`, signal);

export function exportUrl(id: string, file: string): string {
  return `/api/v1/exports/${[id, ...file.split('/')].map(encodeURIComponent).join('/')}`;
}

export function mediaUrl(key: string): string {
  return `/api/v1/media/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** The file, for a player that is going to jump to `atMs`; see `GET /api/v1/media` in src/browse/api.ts. */
export function filmUrl(key: string, atMs: number, viaServer: boolean): string {
  const at = atMs > 0 ? (atMs / 1000).toFixed(3) : undefined;
  const asked = query({ via: viaServer ? 'server' : undefined, at });
  return asked ? `${mediaUrl(key)}?${asked}` : mediaUrl(key);
}

/** The sheet of small pictures of a segment. */
export function sheetUrl(key: string): string {
  return `/api/v1/sprites/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** One of them, larger. */
export function smallPictureUrl(key: string, index: number): string {
  return `${sheetUrl(key)}?picture=${index}`;
}

/** The file as H.264 from `fromMs` on; see `GET /api/v1/media` in src/browse/api.ts. */
export function convertedUrl(key: string, fromMs: number): string {
  return `${mediaUrl(key)}?${query({ as: 'h264', from: (fromMs / 1000).toFixed(3) })}`;
}

/** UTC ms at which the converted film begins that was asked for from `fromMs` on: only the reply's head is waited for. */
export async function convertedStart(key: string, fromMs: number, signal: AbortSignal): Promise<number> {
  const enough = new AbortController();
  const response = await request(convertedUrl(key, fromMs), { signal: AbortSignal.any([signal, enough.signal]) });
  enough.abort();
  return Number(response.headers.get('x-starts-at'));
}

export const getCheck = (key: string, signal: AbortSignal) =>
  get<CheckReply>(`/api/v1/checks/${key.split('/').map(encodeURIComponent).join('/')}`, signal);

/** When the newest picture of a camera was taken (UTC ms, 0 when the server does not say); undefined when there is none. */
export async function latestPicture(camera: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const response = await request(`/latest?${query({ camera })}`, { method: 'HEAD', signal });
    return Date.parse(response.headers.get('last-modified') ?? '') || 0;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** `at` is only there so that a new picture has a new address. */
export const latestUrl = (camera: string, at: number) => `/latest?${query({ camera, at, token: guestToken })}`;

/** The address of a picture the API names, for whoever may see it. */
export const pictureUrl = (url: string) => (guestToken ? `${url}?${query({ token: guestToken })}` : url);

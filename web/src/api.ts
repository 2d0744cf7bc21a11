import type {
  DaysReply,
  EntriesReply,
  ErrorReply,
  PhotosReply,
  SessionReply,
  StatusReport,
} from '../../src/browse/api.js';
import { setServerTime } from './clock.js';
import { go } from './router.js';

/** What went wrong, in words for the person who sees the page. `status` 0: the recorder did not answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly hint: string | undefined;

  constructor(message: string, status: number, hint?: string) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { cache: 'no-store', ...init });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError('The recorder does not answer.', 0);
  }
  setServerTime(Date.parse(response.headers.get('date') ?? ''), false);
  if (response.ok) return response;
  const body = (await response.json().catch(() => undefined)) as ErrorReply | undefined;
  const message = body?.error?.message ?? `The recorder answered ${response.status}.`;
  throw new ApiError(message, response.status, body?.error?.hint);
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  try {
    const response = await request(path, { signal: signal ?? null });
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401 && location.pathname !== '/login') {
      go(`/login?to=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
    }
    throw error;
  }
}

async function post(path: string, body: unknown): Promise<void> {
  await request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const query = (params: Record<string, string | number | undefined>) =>
  new URLSearchParams(
    Object.entries(params).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
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
  return (await get<{ cameras: string[] }>('/api/v1/cameras', signal)).cameras;
}

export async function getDays(camera: string, signal?: AbortSignal): Promise<string[]> {
  return (await get<DaysReply>(`/api/v1/days?${query({ camera })}`, signal)).days;
}

export async function getEntries(camera: string, day: string, signal?: AbortSignal): Promise<EntriesReply> {
  const reply = await get<EntriesReply>(`/api/v1/entries?${query({ camera, day })}`, signal);
  setServerTime(reply.now, true);
  return reply;
}

export const getPhotos = (camera: string | undefined, before: number | undefined, signal?: AbortSignal) =>
  get<PhotosReply>(`/api/v1/photos?${query({ camera, before, limit: 48 })}`, signal);

export function mediaUrl(key: string): string {
  return `/api/v1/media/${key.split('/').map(encodeURIComponent).join('/')}`;
}

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
export const latestUrl = (camera: string, at: number) => `/latest?${query({ camera, at })}`;

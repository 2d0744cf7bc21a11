import type { Router } from 'express';
import * as z from 'zod';
import * as input from '../input.js';
import type { WebOptions } from '../options.js';

interface Operation {
  method: 'get' | 'post';
  path: string;
  summary: string;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** What a good answer is: its status and type. */
  answer?: { status: number; type?: string };
}

const JPEG = { status: 200, type: 'image/jpeg' };

/** Everything below /api/v1, with the very schemas that requests are held against. */
export const OPERATIONS: readonly Operation[] = [
  { method: 'post', path: '/login', summary: 'Sign in', body: input.credentials, answer: { status: 204 } },
  { method: 'post', path: '/logout', summary: 'Sign out', answer: { status: 204 } },
  { method: 'get', path: '/session', summary: 'Who asks, and what can be done here' },
  { method: 'get', path: '/status', summary: 'How the recorder is' },
  { method: 'get', path: '/cameras', summary: 'Names of cameras', query: input.siteQuery },
  {
    ...{ method: 'post', path: '/cameras/{camera}/motion', summary: 'Tell of motion; not with a read-only token' },
    ...{ body: input.motionBody, answer: { status: 204 } },
  },
  { method: 'get', path: '/days', summary: 'UTC days of a camera', query: input.cameraQuery },
  { method: 'get', path: '/days/nearest', summary: 'UTC days from one on, or back', query: input.nearestQuery },
  { method: 'get', path: '/calendar', summary: 'UTC days of a month that have anything', query: input.calendarQuery },
  { method: 'get', path: '/entries', summary: 'All there is of a camera’s UTC day', query: input.dayQuery },
  { method: 'get', path: '/storage', summary: 'Files of a day that must be thawed first', query: input.dayQuery },
  { method: 'get', path: '/photos', summary: 'Pictures, newest first', query: input.photosQuery },
  {
    ...{ method: 'get', path: '/media/{key}', summary: 'A file, whole or by range; or 302 to where it is' },
    ...{ query: input.mediaQuery, answer: { status: 200, type: 'video/mp4' } },
  },
  { method: 'get', path: '/checks/{key}', summary: 'What keeps a file from being shown' },
  {
    ...{ method: 'get', path: '/sprites/{key}', summary: 'Small pictures of a segment, or one of them' },
    ...{ query: input.spriteQuery, answer: JPEG },
  },
  {
    ...{ method: 'post', path: '/exports', summary: 'Order an export; not with a read-only token' },
    ...{ body: input.exportOrder, answer: { status: 202, type: 'application/json' } },
  },
  { method: 'get', path: '/exports', summary: 'Exports, newest first' },
  { method: 'get', path: '/exports/{id}', summary: 'How an export stands' },
  {
    ...{ method: 'get', path: '/exports/{id}/{file}', summary: 'A file of an export' },
    answer: { status: 200, type: 'application/octet-stream' },
  },
  { method: 'get', path: '/audit', summary: 'Who viewed and exported what', query: input.auditQuery },
  { method: 'get', path: '/openapi.json', summary: 'This' },
];

export function openApiRoute(router: Router, { version }: WebOptions): void {
  const document = describe(version);
  router.get('/api/v1/openapi.json', (_request, response) => {
    response.json(document);
  });
}

function describe(version: string) {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    const path = `/api/v1${operation.path}`;
    paths[path] = { ...paths[path], [operation.method]: operationObject(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'nvr-uplink',
      version,
      description: 'Footage of a recorder, or of an archive alone. Times are UTC.',
    },
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'nvr-uplink token create NAME' },
        link: { type: 'apiKey', in: 'query', name: 'token', description: 'A read-only token, to embed pictures' },
      },
      schemas: { Error: ERROR },
    },
    security: [{ token: [] }, { link: [] }],
  };
}

const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string' }, message: { type: 'string' }, hint: { type: 'string' } },
    },
  },
};

function operationObject({
  path,
  summary,
  query,
  body,
  answer = { status: 200, type: 'application/json' },
}: Operation) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => parameter(name!, 'path', true, { type: 'string' }));
  const json = (schema: object) => ({ 'application/json': { schema } });
  return {
    summary,
    parameters: [...inPath, ...(query ? queryParameters(query) : [])],
    ...(body && { requestBody: { required: true, content: json(schemaOf(body)) } }),
    ...(path === '/login' && { security: [] }),
    responses: {
      [answer.status]: { description: summary, ...(answer.type && { content: { [answer.type]: {} } }) },
      default: { description: 'Why not', content: json({ $ref: '#/components/schemas/Error' }) },
    },
  };
}

function queryParameters(query: z.ZodObject) {
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, object>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => parameter(name, 'query', required.includes(name), schema));
}

function parameter(name: string, where: 'path' | 'query', required: boolean, schema: object) {
  return { name, in: where, required, schema };
}

/** What may be sent, before it is made into what is used. */
function schemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

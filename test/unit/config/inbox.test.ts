import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../src/config/schema.js';

function problem(inbox: object): unknown {
  const { error } = configSchema.safeParse({ inbox });
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('the inbox', () => {
  it('is enough: no other camera is needed', () => {
    const { inbox } = configSchema.parse({
      inbox: { folders: { nvr: { path: '/srv/nvr' } }, cameras: { gate: { label: 'A' } } },
    });
    expect(inbox).toMatchObject({
      folders: { nvr: { layout: 'auto', originals: 'keep' } },
      cameras: { gate: { label: ['A'] } },
      ...{ catch_all: 'unsorted', settle: 10_000, patience: 3_600_000 },
    });
  });

  it.each([
    [{}, 'inbox: give it a way in: `ftp` or `folders`'],
    [
      { folders: { nvr: { path: 'x', layout: 'sony' } } },
      /^inbox.folders.nvr.layout: write auto, dahua, .* or a template/,
    ],
    [{ folders: { nvr: { path: 'x', layout: '{camera}/{hour}' } } }, /^inbox.folders.nvr.layout: there is no \{hour\}/],
    [{ folders: { nvr: { path: 'x', camera: 'index' } } }, /^inbox.folders.nvr.camera: no camera can be named/],
    [{ folders: { nvr: { path: 'x', timezone: 'Mars' } } }, /^inbox.folders.nvr.timezone: not an IANA time zone/],
    [
      { folders: { nvr: { path: 'x' } }, cameras: { gate: { label: 'A' }, yard: { label: ['B', 'a'] } } },
      /^inbox.cameras.yard.label: "a" is the label of `inbox.cameras.gate` already/,
    ],
    [{ folders: { nvr: { path: 'x' } }, catch_all: 'Lost' }, /^inbox.catch_all: a camera name is/],
  ])('%j is refused, with what is wrong', (inbox, message) => {
    expect(problem(inbox)).toContainEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { type SnapshotSource, type TakePicture, takeSnapshot } from '../../../src/camera/snapshot.js';

const NOW = Date.UTC(2026, 4, 3, 12);
const picture = (jpeg: string, at = NOW) => ({ jpeg: Buffer.from(jpeg), at });

let asked: string[];
let stop: AbortController;
beforeEach(() => {
  asked = [];
  stop = new AbortController();
});

/** What each source gives, or how it fails. */
function take(given: Partial<Record<SnapshotSource, ReturnType<typeof picture> | undefined | Error>>) {
  const sources = Object.fromEntries(
    Object.entries(given).map(([name, result]): [string, TakePicture] => [
      name,
      async () => {
        asked.push(name);
        if (result instanceof Error) throw result;
        return result;
      },
    ]),
  );
  return takeSnapshot({ sources, notBefore: NOW - 60_000, signal: stop.signal });
}
const refused = (code: string) => new Failure(`${code}!`, { kind: 'permanent', code, hint: `mend ${code}` });

describe('a snapshot', () => {
  it("is the camera's own where it makes one, and nobody else is asked", async () => {
    const all = { stream: picture('s'), recording: picture('r'), camera: picture('c') };
    expect(await take(all)).toEqual({ ...picture('c'), from: 'camera', refusals: [] });
    expect(asked).toEqual(['camera']);
  });

  it('is the newest recorded one otherwise, and says why', async () => {
    const taken = await take({ camera: refused('picture-invalid'), recording: picture('r'), stream: picture('s') });
    expect(taken).toMatchObject({ from: 'recording', refusals: [{ from: 'camera' }] });
    expect(taken.refusals[0]!.failure.code).toBe('picture-invalid');
    expect(asked).toEqual(['camera', 'recording']);
  });

  it.each([
    ['there is none yet', undefined],
    ['it is old', picture('r', NOW - 60_001)],
    ['it cannot be read', new Error('disk')],
  ])('is one frame of the stream where nothing is recorded: %s', async (_, recording) => {
    expect(await take({ recording, stream: picture('s') })).toMatchObject({ from: 'stream' });
  });

  it('that nobody could take says why each could not, and what to do first', async () => {
    const failed = take({ camera: refused('sign-in-refused'), recording: undefined, stream: new Error('no frame') });
    await expect(failed).rejects.toMatchObject({
      code: 'no-snapshot',
      kind: 'transient',
      message:
        'No picture could be taken. camera: sign-in-refused!; recording: it has no picture yet; stream: no frame',
      hint: 'mend sign-in-refused',
    });
    await expect(take({ camera: refused('a'), stream: refused('b') })).rejects.toMatchObject({ kind: 'permanent' });
    await expect(take({})).rejects.toMatchObject({ message: expect.stringContaining('nothing to take it from') });
  });

  it.each([
    ['the last way', {}],
    ['a better way', { stream: async () => picture(asked.push('stream').toString()) }],
  ])('is no failure, and not tried further, when it was stopped in %s', async (_, more) => {
    const camera = async () => {
      stop.abort();
      throw new Error('broken off');
    };
    const stopped = takeSnapshot({ sources: { camera, ...more }, notBefore: 0, signal: stop.signal });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked).toEqual([]);
  });
});

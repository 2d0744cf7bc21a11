import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { streams } from '../../lib/onvif/media.js';
import { until } from '../peers/until.js';
import { connectBare } from '../simulators/bare-onvif.js';
import { FakeClock } from '../simulators/fake-clock.js';
import {
  dateAndTime,
  profiles,
  type ScriptedCamera,
  type ScriptedOptions,
  scriptedCamera,
  videoSource,
} from '../simulators/scripted-camera.js';

const signal = new AbortController().signal;

let camera: ScriptedCamera | undefined;
afterEach(async () => await camera?.close());

async function start(answers: ScriptedOptions['answers']): Promise<number> {
  camera = await scriptedCamera({ answers });
  return camera.port;
}

function open(port: number, deadlineMs?: number, clock = systemClock): Promise<OnvifConnection> {
  return OnvifConnection.open({ host: '127.0.0.1', port }, { clock, signal, deadlineMs });
}

describe('a source without a profile', () => {
  const GetProfiles = profiles(`<trt:Profiles token="a"><tt:Name>a</tt:Name>${videoSource('source')}</trt:Profiles>`);

  it('hangs the package for ever', async () => {
    const port = await start({ GetProfiles });
    // It throws where nobody can catch it, so it is kept from ending this process.
    const thrown: string[] = [];
    const keep = (error: Error) => void thrown.push(error.message);
    process.on('uncaughtException', keep);
    const { outcome } = await connectBare(port, {}, 2_000);
    process.off('uncaughtException', keep);
    expect(outcome).toBe('never');
  });

  it('has no streams, and that is all', async () => {
    expect(await streams(await open(await start({ GetProfiles })))).toEqual([]);
  });
});

describe('a camera that never comes to an end', () => {
  /** A byte every 0.2 s: never silent, never done. */
  const drip = (_: unknown, response: ServerResponse): undefined => {
    response.writeHead(200, { 'Content-Type': 'application/soap+xml' });
    const timer = setInterval(() => response.write(' '), 200);
    response.on('close', () => clearInterval(timer));
    return undefined;
  };

  it('outlives the package’s time limit', async () => {
    const port = await start({ GetSystemDateAndTime: drip });
    const { outcome } = await connectBare(port, { timeout: 600 }, 3_000);
    expect(outcome).toBe('never');
  });

  it('is given up at the deadline, and its connection closed', async () => {
    let isClosed = false;
    const port = await start({
      GetSystemDateAndTime: (asked, response) => {
        response.on('close', () => {
          isClosed = true;
        });
        return drip(asked, response);
      },
    });
    const failed = expect(open(port, 1_000)).rejects.toMatchObject({ code: 'timed-out', kind: 'transient' });
    await failed;
    await until('the connection to close', () => isClosed);
  });

  it('is waited for as long as was said, by our clock, for both attempts of a call together', async () => {
    const clock = new FakeClock();
    const port = await start({ GetDeviceInformation: () => undefined });
    const opening = open(port, 7_000, clock);
    let settled: unknown;
    void opening.catch((error: unknown) => {
      settled = error;
    });
    await until('the question', () => camera!.operations().includes('GetDeviceInformation'));
    await clock.advance(6_999);
    expect(settled).toBeUndefined();
    await clock.advance(1);
    expect(settled).toMatchObject({ code: 'timed-out', message: expect.stringContaining('within 7 s') });
    expect(clock.sleeping).toBe(0);
  });

  it('is left at once when we are told to stop', async () => {
    const stop = new AbortController();
    const port = await start({ GetSystemDateAndTime: drip });
    const opening = OnvifConnection.open({ host: '127.0.0.1', port }, { clock: systemClock, signal: stop.signal });
    const aborted = expect(opening).rejects.toMatchObject({ code: 'aborted', kind: 'aborted' });
    await until('the question', () => camera!.asked.length > 0);
    stop.abort();
    await aborted;
    await expect(
      OnvifConnection.open({ host: '127.0.0.1', port }, { clock: systemClock, signal: stop.signal }),
    ).rejects.toMatchObject({ code: 'aborted' });
  });

  it('may accept and say nothing, or close without a word', async () => {
    const silent = await start({ GetSystemDateAndTime: () => undefined });
    await expect(open(silent, 500)).rejects.toMatchObject({ code: 'timed-out' });
    await camera!.close();
    const rude = await start({
      GetSystemDateAndTime: (_, response) => {
        response.destroy();
        return undefined;
      },
    });
    await expect(open(rude)).rejects.toMatchObject({ code: 'unreachable', kind: 'transient' });
  });
});

const MIB = 1024 * 1024;

/** Sends `mebibytes` of spaces as fast as they are taken; counts what was. */
function flood(mebibytes: number, sent: { bytes: number }) {
  const chunk = Buffer.alloc(MIB, ' ');
  return (_: unknown, response: ServerResponse): undefined => {
    response.writeHead(200, { 'Content-Type': 'application/soap+xml' });
    response.setMaxListeners(0);
    void (async () => {
      for (let count = 0; count < mebibytes && !response.destroyed; count++) {
        sent.bytes += chunk.length;
        if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
      response.end();
    })().catch(() => undefined);
    return undefined;
  };
}

async function measure(mode: 'bare' | 'ours', port: number): Promise<{ grownBytes: number; outcome: string }> {
  const script = new URL('../simulators/onvif-memory.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, mode, String(port)]);
  return JSON.parse(stdout);
}

describe('a reply of 300 MB', () => {
  it('is all taken into memory by the package', async () => {
    const sent = { bytes: 0 };
    const { grownBytes } = await measure('bare', await start({ GetSystemDateAndTime: flood(150, sent) }));
    expect(sent.bytes).toBe(150 * MIB);
    expect(grownBytes).toBeGreaterThan(150 * MIB);
  });

  it('is cut off after one, with no memory to speak of', async () => {
    const sent = { bytes: 0 };
    const result = await measure('ours', await start({ GetSystemDateAndTime: flood(300, sent) }));
    expect(result.outcome).toBe('reply-too-large');
    expect(result.grownBytes).toBeLessThan(48 * MIB);
    // What the kernel's buffers hold was sent too.
    expect(sent.bytes).toBeLessThan(50 * MIB);
  });

  it('is not even begun when its length is told', async () => {
    const port = await start({ GetSystemDateAndTime: { headers: { 'Content-Length': 300 * MIB }, body: 'x' } });
    await expect(open(port)).rejects.toMatchObject({ code: 'reply-too-large' });
  });
});

it('a clock that stands still is no reason to wait', async () => {
  const port = await start({ GetSystemDateAndTime: dateAndTime(0) });
  await expect(open(port, 5_000, new FakeClock())).resolves.toBeDefined();
});

import { once } from 'node:events';
import { connect } from 'node:net';
import type ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { EndpointUnderTest } from '../simulators/endpoint-under-test.js';
import { RawSftp, STATUS_CODE } from '../simulators/raw-sftp.js';

const { FAILURE } = STATUS_CODE;
const NO_SPACE = { code: FAILURE, message: 'No space left' };

describe('faults on purpose', () => {
  let under: EndpointUnderTest;
  let client: ssh2.Client;
  let sftp: RawSftp;

  beforeEach(async () => {
    under = await EndpointUnderTest.start();
    client = await under.connect('site');
    sftp = await RawSftp.on(client);
  });
  afterEach(() => under.remove());

  /** Answers whether the server replies to a global request, which is how SSH clients keep alive. */
  const keptAlive = (on: ssh2.Client) =>
    new Promise<boolean>((resolve) => on.forwardIn('127.0.0.1', 0, () => resolve(true)));

  const pending = async (work: Promise<unknown>, until: Promise<unknown>) => {
    const settled = work.then(
      () => 'settled',
      () => 'settled',
    );
    return (await Promise.race([settled, until.then(() => 'pending')])) === 'pending';
  };

  it('never answers WRITE, while keepalives and other requests are answered', async () => {
    const handle = await sftp.open('clip.mp4');
    under.faults.set({ ignoreWrites: true });
    const write = sftp.write(handle, 0, 'x');
    // Asked later and answered in order, so an answer to WRITE would have come first.
    expect(await pending(write, sftp.stat('/'))).toBe(true);
    expect(await keptAlive(client)).toBe(true);
    under.faults.set({});
    await sftp.write(handle, 0, 'y');
    await sftp.close(handle);
    expect(await under.stored('site-a/clip.mp4')).toEqual(Buffer.from('y'));
  });

  it('answers nothing at all until lifted, not even keepalives', async () => {
    under.faults.set({ silent: true });
    const { host, port } = under.endpoint.address;
    const socket = connect(port, host);
    await once(socket, 'connect');
    const greeted = once(socket, 'data');
    const replied = sftp.stat('/');
    const alive = keptAlive(client);
    expect(await pending(Promise.any([greeted, replied, alive]), systemClock.sleep(300))).toBe(true);
    under.faults.set({});
    await Promise.all([greeted, replied, alive]);
    socket.destroy();
  });

  it('holds an answer that is due when silence has fallen', async () => {
    under.faults.set({ holdClose: true });
    const closing = sftp.close(await sftp.open('clip.mp4'));
    await under.event('uploaded');
    under.faults.set({ silent: true });
    expect(await pending(closing, systemClock.sleep(300))).toBe(true);
    under.faults.set({});
    await closing;
  });

  it('runs out of space at WRITE', async () => {
    under.faults.set({ failWriteAfterBytes: 5 });
    const handle = await sftp.open('clip.mp4');
    await sftp.write(handle, 0, 'fits.');
    await expect(sftp.write(handle, 5, '!')).rejects.toMatchObject(NO_SPACE);
    await expect(sftp.close(handle)).rejects.toMatchObject(NO_SPACE);
    expect(await under.stored('site-a/clip.mp4')).toBeUndefined();
  });

  it('runs out of space at CLOSE', async () => {
    under.faults.set({ failCloseAfterBytes: 5 });
    await sftp.put('small.mp4', 'fits.');
    const handle = await sftp.open('clip.mp4');
    await sftp.write(handle, 0, 'fits n');
    await expect(sftp.close(handle)).rejects.toMatchObject(NO_SPACE);
    expect(await under.stored('site-a/clip.mp4')).toBeUndefined();
    expect(await under.stored('site-a/small.mp4')).toBeDefined();
  });

  it('lies: acknowledges all, keeps the first bytes', async () => {
    under.faults.set({ keepOnlyBytes: 7 });
    const handle = await sftp.open('clip.mp4');
    await sftp.write(handle, 0, 'truth');
    await sftp.write(handle, 5, ' and the rest');
    await sftp.write(handle, 18, ' of it');
    await sftp.close(handle);
    expect(await under.stored('site-a/clip.mp4')).toEqual(Buffer.from('truth a'));
  });

  it('drops the connection in the middle of a file', async () => {
    const closed = once(client, 'close');
    under.faults.set({ dropAfterBytes: 8 });
    const handle = await sftp.open('clip.mp4');
    await sftp.write(handle, 0, 'seven..');
    await expect(sftp.write(handle, 7, 'x')).rejects.toThrow();
    await closed;
    expect(await under.event('partial-upload')).toMatchObject({ bytes: 8 });
    expect(await under.event('disconnected')).toMatchObject({ reason: 'fault' });
  });

  it('delays every reply, but not one after the other', async () => {
    under.faults.set({ replyDelayMs: 150 });
    const started = systemClock.monotonic();
    await Promise.all(Array.from({ length: 40 }, () => sftp.stat('/')));
    const took = systemClock.monotonic() - started;
    expect(took).toBeGreaterThanOrEqual(140);
    expect(took).toBeLessThan(40 * 150);
  });

  it('stores at CLOSE but does not say so', async () => {
    under.faults.set({ holdClose: true });
    const handle = await sftp.open('clip.mp4');
    await sftp.write(handle, 0, 'x');
    const closing = sftp.close(handle);
    await under.event('uploaded');
    expect(await under.stored('site-a/clip.mp4')).toBeDefined();
    expect(await pending(closing, sftp.stat('/'))).toBe(true);
    under.faults.set({});
    await closing;
  });

  it('gives up a reply that is held when its channel closes', async () => {
    under.faults.set({ holdClose: true });
    const open = await sftp.open('open.mp4');
    await sftp.write(open, 0, 'half of');
    const closing = sftp.close(await sftp.open('clip.mp4'));
    await under.event('uploaded');
    sftp.sftp.end();
    await expect(closing).rejects.toThrow();
    expect(await under.event('partial-upload')).toMatchObject({ key: 'site-a/open.mp4' });
  });

  it('stops although a reply is held', async () => {
    under.faults.set({ holdClose: true });
    const closing = sftp.close(await sftp.open('clip.mp4'));
    await under.event('uploaded');
    await Promise.all([under.stop(), expect(closing).rejects.toThrow()]);
  });

  it('stops although it is silent', async () => {
    under.faults.set({ silent: true });
    await under.stop();
  });

  it('refuses the right password', async () => {
    under.faults.set({ refuseSignIn: true });
    await expect(under.connect('site')).rejects.toThrow('authentication methods failed');
    under.faults.set({});
    await under.connect('site');
  });
});

import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { dialFailure, requestFailure } from '../../lib/remote/sftp-failures.js';
import { OPEN_MODE, STATUS } from '../../lib/remote/sftp-protocol.js';

const status = (code: number, message = '') => Object.assign(new Error(message), { code });

describe('what SFTP refusals mean', () => {
  it.each([
    [status(3, 'Permission denied'), 'permanent', 'permission-denied'],
    [status(4, 'Failure'), 'transient', 'remote-failure'],
    [status(4, 'write: No space left on device'), 'transient', 'remote-full'],
    [status(4, 'Disk quota exceeded'), 'transient', 'remote-full'],
    [status(14), 'transient', 'remote-full'],
    [status(15), 'transient', 'remote-full'],
    [status(8, 'Cannot open file in mode'), 'permanent', 'not-supported'],
    [status(7), 'transient', 'connection-lost'],
    [new Error('No response from server'), 'transient', 'connection-lost'],
    [status(4711, 'what'), 'transient', 'remote-failure'],
  ])('%s is %s %s', (error, kind, code) => {
    expect(requestFailure('sftp://u@h:22', 'open k', error)).toMatchObject({ kind, code });
  });

  it('keeps control characters and long texts of a server out of the message', () => {
    const { message } = requestFailure('sftp://u@h:22', 'open k', status(4, `a\r\n\x1b[2J${'x'.repeat(5000)}`));
    expect(message).not.toMatch(/\p{Cc}/u);
    expect(message.length).toBeLessThan(300);
  });

  it('tells why there is no connection', () => {
    const denied = Object.assign(new Error('All configured authentication methods failed'), {
      level: 'client-authentication',
    });
    expect(dialFailure('n', denied)).toMatchObject({ kind: 'permanent', code: 'sign-in-refused' });
    const old = new Error('Handshake failed: no matching key exchange algorithm');
    expect(dialFailure('n', old)).toMatchObject({ kind: 'permanent', code: 'algorithms-refused' });
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH']) {
      const failure = dialFailure('n', Object.assign(new Error(''), { code }));
      expect(failure).toMatchObject({ kind: 'transient', code: 'unreachable' });
      expect(failure.message).toContain(code);
    }
  });
});

it('knows the numbers of SFTP as ssh2 does', () => {
  expect(ssh2.utils.sftp.STATUS_CODE).toMatchObject(STATUS);
  expect(ssh2.utils.sftp.OPEN_MODE).toMatchObject(OPEN_MODE);
});

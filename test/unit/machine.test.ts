import { expect, it } from 'vitest';
import { thisMachine } from '../../lib/machine.js';

const files = (mounts: string) => (path: string) => (path === '/proc/self/mountinfo' ? mounts : 'a-boot\n');

it('names the boot, but not where a container has an uptime of its own', () => {
  expect(thisMachine(files('23 1 0:21 / /proc rw - proc proc rw\n')).boot).toBe('a-boot');
  const own = '99 23 0:50 /proc/uptime /proc/uptime rw - fuse.lxcfs lxcfs rw\n';
  expect(thisMachine(files(own)).boot).toBeUndefined();
});

it('has none on a system that does not say', () => {
  const absent = () => {
    throw new Error('ENOENT');
  };
  expect(thisMachine(absent).boot).toBeUndefined();
});

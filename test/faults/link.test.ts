import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../simulators/link-cut.ts', import.meta.url));

/**
 * A dead line says nothing, so that only our own watchdog ends the upload: rows 12 and 13 of the fault matrix. The promise is a
 * minute with the 30 s of silence that are the default; here it is 2 s, and the machine may be busy.
 */
it.each(['sftp', 'ftps'])(
  'a line that goes dead in the middle of a file over %s ends the upload, and the next goes through once it is back',
  async (protocol) => {
    const args = ['-rn', process.execPath, '--import', 'tsx', SCRIPT, protocol];
    const { stdout } = await promisify(execFile)('unshare', args);
    const { isCut, cut, dead, back } = JSON.parse(stdout);
    expect(isCut).toBe(true);
    expect(cut.code).toBe('stalled');
    expect(cut.ms).toBeLessThan(30_000);
    expect(['unreachable', 'stalled']).toContain(dead.code);
    expect(dead.ms).toBeLessThan(30_000);
    expect(back.code).toBe('delivered');
  },
  90_000,
);

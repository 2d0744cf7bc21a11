import { createHash } from 'node:crypto';
import { type CheckResult, checkExport } from '../archive/export/check-export.js';
import { exportFiles, nodeTools } from '../archive/export/open-export.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';

const SIGNS = { proved: '✓', wrong: '✗', unknown: '–' } as const;

/** `nvr-uplink verify EXPORT`: the checks of the export's own page. Exit status 3 where anything is wrong. */
export async function verifyExport(
  context: Context,
  options: GlobalOptions & { key?: string[] },
  folder: string,
): Promise<number> {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const files = await exportFiles(folder);
  const { results, signers } = await checkExport(files, nodeTools(sha256));
  const isSigned = files.some(({ path }) => path === 'manifest.sig.json');
  results.push(...trust(signers, options.key));
  if (options.json) printJson(context, { results, signers, signed: isSigned });
  else {
    for (const { state, what } of results) print(context, `${SIGNS[state]} ${what}`);
    print(context, verdict(results));
    if (!isSigned) print(context, 'WARNING: this export is not signed. Nothing here proves who made it.');
  }
  return results.some(({ state }) => state === 'wrong') ? EXIT.degraded : EXIT.ok;
}

/** A signature proves who made it only to whoever knows the key from elsewhere. */
function trust(signers: readonly string[], expected: readonly string[] | undefined): CheckResult[] {
  if (!expected) {
    return signers.map((signer) => ({
      state: 'unknown',
      what: `signed by ${signer}: compare with the key you noted (--key)`,
    }));
  }
  const found: CheckResult[] = signers.map((signer) =>
    expected.includes(signer)
      ? { state: 'proved', what: `signed by ${signer}, as expected` }
      : { state: 'wrong', what: `signed by another key than expected, ${signer}` },
  );
  return signers.length > 0 ? found : [{ state: 'wrong', what: 'nothing here is signed by the key expected' }];
}

function verdict(results: readonly CheckResult[]): string {
  const wrong = results.filter(({ state }) => state === 'wrong').length;
  if (wrong > 0) return `NOT whole: ${wrong} of what was looked at is wrong.`;
  const isAll = results.every(({ state }) => state === 'proved');
  return isAll ? 'Whole: all of it is proved.' : 'Nothing is wrong; what is marked – is not proved.';
}

import { checkExport, plainEd25519 } from './check-export.js';

/** `verify.html`: checks the folder it lies in, in any browser, without a network. */
export function verifierPage(): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Is this export whole?</title>
<style>${STYLE}</style>
<h1>Is this export whole?</h1>
<p>This page checks an export of nvr-uplink on this machine. It sends nothing anywhere; you may switch the network off first.</p>
<p><label>Choose the folder of the export: <input id="folder" type="file" webkitdirectory multiple></label></p>
<p><label>The recorder's key, as it was noted when it was set up: <input id="key" placeholder="SHA256:…" size="52" autocomplete="off"></label></p>
<p id="state" role="status"></p>
<ul id="results"></ul>
<script>
// Some compilers name functions with this.
const __name = (f) => f;
const checkExport = ${checkExport.toString()};
const plainEd25519 = ${plainEd25519.toString()};
${SCRIPT}
</script>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
ul { list-style: none; padding: 0; }
li { padding: .3rem .5rem .3rem 2rem; text-indent: -1.5rem; overflow-wrap: anywhere; border-bottom: 1px solid #8884; }
li::before { display: inline-block; width: 1.5rem; text-indent: 0; font-weight: bold; }
.proved::before { content: "✓"; color: #080; }
.wrong::before { content: "✗"; color: #d00; }
.unknown::before { content: "–"; }
#state { font-size: 1.25rem; font-weight: bold; }
input { font: inherit; max-width: 100%; }
`;

const SCRIPT = `
const $ = (id) => document.getElementById(id);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const sha256 = async (bytes) => hex(await crypto.subtle.digest('SHA-256', bytes));
const verifyEd25519 = async (key, message, signature) => {
  let imported;
  try {
    imported = await crypto.subtle.importKey('spki', key, 'Ed25519', false, ['verify']);
  } catch {
    // This browser does not know Ed25519.
    const sha512 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-512', bytes));
    return await plainEd25519(key, message, signature, sha512);
  }
  return await crypto.subtle.verify('Ed25519', imported, signature, message);
};
function adapt(file) {
  const path = file.webkitRelativePath.split('/').slice(1).join('/');
  const read = async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer());
  return { path, size: file.size, read, sha256: async () => sha256(await file.arrayBuffer()) };
}
async function check() {
  const files = [...$('folder').files].map(adapt);
  if (files.length === 0) return;
  $('results').replaceChildren();
  const onStep = (what) => { $('state').textContent = 'Looking at ' + what + ' …'; };
  const { results, signers } = await checkExport(files, { sha256, verifyEd25519, onStep });
  const expected = $('key').value.trim();
  for (const signer of signers) {
    if (expected === '') results.push({ state: 'unknown', what: 'signed by ' + signer + ': compare it with the key you noted' });
    else if (signer === expected) results.push({ state: 'proved', what: 'signed by the key you noted, ' + signer });
    else results.push({ state: 'wrong', what: 'signed by another key than you noted: ' + signer });
  }
  if (expected !== '' && !signers.includes(expected)) results.push({ state: 'wrong', what: 'nothing here is signed by the key you noted' });
  const order = { wrong: 0, unknown: 1, proved: 2 };
  results.sort((a, b) => order[a.state] - order[b.state]);
  for (const { state, what } of results) {
    const line = document.createElement('li');
    line.className = state;
    line.textContent = what;
    $('results').append(line);
  }
  const wrong = results.filter(({ state }) => state === 'wrong').length;
  $('state').textContent = wrong > 0 ? 'NOT whole: ' + wrong + ' of what was looked at is wrong.'
    : results.some(({ state }) => state === 'unknown') ? 'Nothing is wrong; some things are not proved (–).' : 'Whole: all of it is proved.';
  document.body.dataset.wrong = String(wrong);
}
$('folder').addEventListener('change', () => void check());
$('key').addEventListener('change', () => void check());
`;

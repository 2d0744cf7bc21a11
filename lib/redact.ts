/** Userinfo in any URL: `rtsp://user:pass@host`. Greedy to the last `@` before the path, because passwords hold `@`. */
const USERINFO = /([a-z][a-z0-9+.-]*:\/\/)[^\s/'"]*@/gi;

/** Cheap cameras want the password in the address: `/user=admin&password=…&channel=1`, or with `_` for `&` (XM). */
const PARAMETER = /(?<![a-z0-9])(pass(?:word|wd)?|pwd)=[^\s&'"]+/gi;

/**
 * Removes secrets from text a program printed. ffmpeg repeats URLs with their passwords, sometimes decoded, sometimes
 * within other messages (frigate#5798), so the known secrets are removed in each of their spellings as well.
 */
export function redact(text: string, secrets: readonly (string | undefined)[] = []): string {
  let result = text;
  for (const secret of secrets) {
    if (!secret) continue;
    for (const spelling of new Set([secret, encodeURIComponent(secret), percentEncode(secret)])) {
      result = result.replaceAll(spelling, '***');
    }
  }
  // Last: in the address of a password with an @ and a / in it, they see but a part of it.
  return result.replace(USERINFO, '$1***@').replace(PARAMETER, '$1=***');
}

/** `encodeURIComponent`, and the five characters it leaves that ffmpeg's list syntax or a URL's userinfo cannot hold. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Whatever way a client means its bytes, they are stored as they come. Undefined for a command that is none of these. */
export function formality(command: string, argument: string): [code: number, text: string] | undefined {
  const answers: Record<string, [code: number, text: string, isFine?: boolean]> = {
    PBSZ: [200, 'PBSZ=0'],
    SYST: [215, 'UNIX Type: L8'],
    NOOP: [200, 'OK'],
    ALLO: [202, 'No need to'],
    ABOR: [226, 'Stopped'],
    OPTS: [200, 'OK', /^(UTF8|MLST)\b/.test(argument)],
    TYPE: [200, 'OK', /^(A|I|L 8)\b/.test(argument)],
    MODE: [200, 'OK', argument === 'S'],
    STRU: [200, 'OK', argument === 'F'],
  };
  const answer = Object.hasOwn(answers, command) ? answers[command] : undefined;
  if (!answer) return undefined;
  const [code, text, isFine = true] = answer;
  return isFine ? [code, text] : [504, 'Not offered'];
}

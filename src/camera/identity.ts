/** What a camera is told from others by. Its address is not among it. */
export interface CameraIdentity {
  serial?: string;
  /** Lower case, with colons. */
  mac?: string;
  /** WS-Discovery's endpoint reference. */
  uuid?: string;
}

/**
 * Whether two descriptions are of one camera; undefined where they have nothing in common to go by. One thing in common is
 * enough: a camera has a MAC for its cable and another for its WLAN, and repeaters put theirs in its place. The UUID counts only
 * where there is nothing better, since some makers give all cameras one.
 */
export function isSameCamera(one: CameraIdentity, other: CameraIdentity): boolean | undefined {
  const [mac, serial, uuid] = (['mac', 'serial', 'uuid'] as const).map((name) => isEqual(one[name], other[name]));
  if (mac || serial) return true;
  if (mac === false || serial === false) return false;
  return uuid;
}

/** Whether they have anything in common. Unlike MACs prove nothing of a camera that was only heard. */
export function isAlike(one: CameraIdentity, heard: CameraIdentity): boolean {
  return isSameCamera(one, heard) === true || isEqual(one.uuid, heard.uuid) === true;
}

function isEqual(a: string | undefined, b: string | undefined): boolean | undefined {
  const [one, other] = [telling(a), telling(b)];
  return one === undefined || other === undefined ? undefined : one === other;
}

/** `00000000`, `n/a` and the like tell nothing. */
function telling(text: string | undefined): string | undefined {
  const plain = text?.trim().toLowerCase() ?? '';
  return /[1-9a-z]/.test(plain.replaceAll('n/a', '')) ? plain : undefined;
}

/** Passwords cameras were shipped with, or that installers give them: what a stranger tries first. */
const WELL_KNOWN = new Set(
  `admin admin1 admin12 admin123 admin1234 admin12345 admin123456 administrator password passw0rd p@ssw0rd pass 1111 11111
  111111 1234 12345 123456 1234567 12345678 123456789 1234567890 0000 000000 888888 666666 9999 999999 4321 54321 abc123
  abcd1234 qwerty root toor camera ipcam ipcam_rt5350 service support system supervisor guest user default changeme letmein
  meinsm ubnt tlJwpbo6 hikvision hik12345 dahua reolink tapo foscam axis geovision fliradmin jvc smcadmin xc3511 vizxv
  juantech wbox wbox123 meinsma realtek samsung 4321admin ikwd secret welcome`
    .split(/\s+/)
    .map((word) => word.toLowerCase()),
);

/** Judged without trying anything: whoever has one of these need not guess. */
export function isWellKnownPassword(username: string, password: string): boolean {
  const plain = password.toLowerCase();
  return plain === '' || WELL_KNOWN.has(plain) || plain === username.toLowerCase();
}

/** Settings that have motion noticed, to be copied. No DOM here: a test holds them against the schema. */
export const MOTION_SETTINGS = `cameras:
  gate:
    address: 192.168.1.20   # ONVIF, with username and password
    motion: { sources: [onvif, analysis] }`;

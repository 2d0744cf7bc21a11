import { Cam } from 'onvif';

type Call = (
  options: object,
  callback: (error: Error | null, value: Record<string, unknown>, xml: string) => void,
) => void;

/** Signs in with the `onvif` package of npm, as it is. Note that it calls a wrong password a success. */
export async function connect(url: string, password: string, username = 'admin'): Promise<Cam> {
  const { hostname, port, pathname: path } = new URL(url);
  const options = { hostname, port: Number(port), path, username, password, autoconnect: false };
  const cam = new Cam(options, () => undefined);
  await new Promise<void>((resolve, reject) =>
    cam.connect((error: Error | null) => (error ? reject(error) : resolve())),
  );
  return cam;
}

/** Calls one of its methods, which have a callback and perhaps options before it. */
export async function ask(cam: Cam, method: string, options: unknown = {}): Promise<Record<string, unknown>> {
  const call = (cam as unknown as Record<string, Call>)[method]!;
  return await new Promise((resolve, reject) => {
    const done = (error: Error | null, value: Record<string, unknown>) => (error ? reject(error) : resolve(value));
    if (call.length < 2) (call as unknown as (callback: typeof done) => void).call(cam, done);
    else call.call(cam, options as object, done);
  });
}

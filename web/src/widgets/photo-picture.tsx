import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { pictureUrl } from '../api.js';
import type { Photo } from '../pages/photos.js';
import { canSave, learnProblem, problemOf } from '../problems.js';

const MEDIA = '/api/v1/media/';

const keyOf = ({ url }: Photo) => url.slice(MEDIA.length);

interface Props {
  photo: Photo;
  alt: string;
  /** Half a picture is shown as one that is grey below: where somebody looks closely, what is missing is asked for. */
  isLarge?: boolean;
}

/** A photo, or why there is none. */
export function PhotoPicture({ photo, alt, isLarge = false }: Props) {
  const isBroken = useSignal(false);
  const key = keyOf(photo);
  useEffect(() => {
    isBroken.value = false;
    const stop = new AbortController();
    if (isLarge) void learnProblem(key, stop.signal).catch(() => undefined);
    return () => stop.abort();
  }, [key]);
  const fail = () => {
    isBroken.value = true;
    void learnProblem(key, new AbortController().signal).catch(() => undefined);
  };
  const problem = problemOf(key);
  const words = problem?.message ?? 'This picture cannot be shown.';
  if (isBroken.value) return <em class="photo-fault">{words}</em>;
  return (
    <>
      <img
        src={pictureUrl(photo.url)}
        alt={alt}
        onError={fail}
        {...(!isLarge && { loading: 'lazy', decoding: 'async' })}
      />
      {isLarge && problem && <p class="form-problem">{words}</p>}
    </>
  );
}

export function canSavePhoto(photo: Photo): boolean {
  return canSave(problemOf(keyOf(photo)));
}

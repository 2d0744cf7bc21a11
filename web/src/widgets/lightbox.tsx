import type { Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { pictureUrl } from '../api.js';
import { guestToken } from '../guest.js';
import type { Photo } from '../pages/photos.js';
import { session } from '../session.js';
import { Icon } from './icon.js';
import { Modal } from './modal.js';
import { canSavePhoto, PhotoPicture } from './photo-picture.js';

interface Props {
  photos: Photo[];
  index: Signal<number | undefined>;
  onNearEnd: () => void;
  onClose: () => void;
}

/** One photo as large as the screen allows; ← is newer, → is older, as in the gallery. */
export function Lightbox({ photos, index, onNearEnd, onClose }: Props) {
  const at = index.value ?? 0;
  const photo = photos[at];
  const move = (by: number) => {
    const to = (index.value ?? 0) + by;
    if (to >= 0 && to < photos.length) index.value = to;
  };
  useEffect(() => {
    if (at >= photos.length - 3) onNearEnd();
    const press = ({ key }: KeyboardEvent) => {
      if (key === 'ArrowLeft') move(-1);
      if (key === 'ArrowRight') move(1);
    };
    addEventListener('keydown', press, { capture: true });
    return () => removeEventListener('keydown', press, { capture: true });
  }, [at, photos]);
  if (!photo) return null;
  const { zone } = session.value!;
  const time = new Date(photo.at).toISOString();
  return (
    <Modal
      title={`${photo.camera}, ${zone.dayTitle(zone.dayOf(photo.at))}, ${zone.clock(photo.at)}`}
      class="lightbox"
      onClose={onClose}
    >
      <PhotoPicture key={photo.url} photo={photo} alt={`${photo.camera} at ${zone.clock(photo.at)}`} isLarge />
      <div class="lightbox-foot">
        <button type="button" class="icon" aria-label="Newer photo" disabled={at === 0} onClick={() => move(-1)}>
          <Icon name="left" />
        </button>
        {!guestToken && (
          <a href={`/timeline?camera=${encodeURIComponent(photo.camera)}&t=${time}`}>Show on the timeline</a>
        )}
        {canSavePhoto(photo) && (
          <a href={pictureUrl(photo.url)} download>
            Save
          </a>
        )}
        <button
          type="button"
          class="icon"
          aria-label="Older photo"
          disabled={at === photos.length - 1}
          onClick={() => move(1)}
        >
          <Icon name="right" />
        </button>
      </div>
    </Modal>
  );
}

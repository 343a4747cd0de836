// files.js: photos on their way to the server: reduced on the device, without what the camera wrote beside them, with a small
// picture that lists show; and the tiles they stand in until they are handed in.

import { newKey, upload } from './api.js';
import { html, Icon, useEffect, useRef, useState } from './ui.js';

const LONG_SIDE = 1280;
const SMALL_SIDE = 240;
const TAKEN = /^(image\/(jpeg|png|webp)|application\/pdf)$/;

/** Drawn anew, so that nothing but the picture is left of it; on white, where it was see-through. */
function drawn(bitmap, side, quality) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');

    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', quality); });
}

/** { key, blob, thumb }: a JPEG of at most 1280 pixels and one of 240. A file that is no picture this browser can read stays
 *  as it is (PDF); null: it cannot be sent. */
export async function reduce(file) {
    let bitmap;

    try {
        bitmap = await createImageBitmap(file);
    } catch {
        return TAKEN.test(file.type) ? { key: newKey(), blob: file, name: file.name } : null;
    }

    const [blob, thumb] = [await drawn(bitmap, LONG_SIDE, 0.8), await drawn(bitmap, SMALL_SIDE, 0.6)];

    bitmap.close();
    return { key: newKey(), blob: blob || file, thumb, name: file.name };
}

/** Sends a file and then its small picture, which may be missing: then the whole one is shown. Resolves to the id. */
export async function sendFile({ key, blob, thumb }, options = {}) {
    const { id } = await upload('attachments', blob, { ...options, key });

    if (thumb) {
        await upload(`attachments/${id}/thumbnail`, thumb, { key: `${key}.t`, quiet: true, patience: 0 }).catch(() => {});
    }
    return id;
}

/** What a tile shows of a file that is still here. */
export function Thumb({ blob }) {
    const canvas = useRef(null);
    const [plain, setPlain] = useState(false);

    useEffect(() => {
        createImageBitmap(blob).then((bitmap) => {
            const scale = 200 / Math.min(bitmap.width, bitmap.height);
            const box = canvas.current;

            if (box) {
                box.width = bitmap.width * scale;
                box.height = bitmap.height * scale;
                box.getContext('2d').drawImage(bitmap, 0, 0, box.width, box.height);
            }
        }).catch(() => setPlain(true));
    }, [blob]);
    return plain ? html`<span class="file wide"><${Icon} of="paper"/></span>` : html`<canvas ref=${canvas}></canvas>`;
}

/** One file that can still be taken back. progress: 0 to 1 while it is on its way. */
export const Tile = ({ of, remove, label, progress, sending }) => html`<div class="file"><${Thumb} blob=${of.thumb || of.blob}/>
    <button class="x" type="button" aria-label=${label} onClick=${remove}><${Icon} of="x"/></button>
    ${progress !== undefined && html`<progress max="1" value=${progress} aria-label=${sending}></progress>`}</div>`;

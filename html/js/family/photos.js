// photos.js: photos of a slip: shrunk on the phone, on their way as soon as they are taken, removable until handed in.

import { newKey, upload } from '../api.js';
import { html, t, Icon, useEffect, useRef, useState } from '../ui.js';

const LONG_SIDE = 1280;
export const MOST = 3;

/** A JPEG of at most 1280 pixels. A file that is no picture this browser can read stays as it is (PDF). */
async function shrink(file) {
    let bitmap;

    try {
        bitmap = await createImageBitmap(file);
    } catch {
        return file;
    }

    const scale = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement('canvas');

    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => { canvas.toBlob((blob) => resolve(blob || file), 'image/jpeg', 0.8); });
}

function Thumb({ blob }) {
    const canvas = useRef(null);
    const [plain, setPlain] = useState(false);

    useEffect(() => {
        createImageBitmap(blob).then((bitmap) => {
            const scale = 200 / Math.min(bitmap.width, bitmap.height);
            const box = canvas.current;

            box.width = bitmap.width * scale;
            box.height = bitmap.height * scale;
            box.getContext('2d').drawImage(bitmap, 0, 0, box.width, box.height);
        }).catch(() => setPlain(true));
    }, [blob]);
    return plain ? html`<span class="file wide"><${Icon} of="paper"/></span>` : html`<canvas ref=${canvas}></canvas>`;
}

/** photos: [{ key, blob, id, sending }]; change(update) takes a function of the list, as a state setter does. label, hint: of what. */
export function Photos({ photos, change, error, label = t('leave-requests.certificate'), hint = t('leave.form.photo_optional') }) {
    const [progress, setProgress] = useState({});
    const [wrong, setWrong] = useState('');

    async function add(event) {
        const files = [...event.target.files].slice(0, MOST - photos.length);

        event.target.value = '';
        setWrong('');
        for (const file of files) {
            const blob = await shrink(file);
            const photo = { key: newKey(), blob };

            if (!/^(image\/(jpeg|png|webp)|application\/pdf)$/.test(blob.type)) {
                setWrong(t('leave.form.photo_type'));
            } else {
                photo.sending = send(photo);
                change((list) => [...list, photo]);
            }
        }
    }

    // What fails here stays without an id and goes out with the slip, under the same key.
    async function send(photo) {
        try {
            const { id } = await upload('attachments', photo.blob, { key: photo.key, quiet: true, patience: 0,
                progress: (done, all) => setProgress((now) => ({ ...now, [photo.key]: done / all })) });

            photo.id = id;
            change((list) => list.map((one) => (one.key === photo.key ? { ...one, id } : one)));
        } catch (problem) {
            if (!problem.unanswered) {
                change((list) => list.filter((one) => one.key !== photo.key));
                setWrong(problem.message);
            }
        }
        setProgress((now) => ({ ...now, [photo.key]: undefined }));
    }

    return html`<div class="f"><p class="lab" id="photos">${label} ${hint && html`<small>${hint}</small>`}</p>
        <div class="files" role="group" aria-labelledby="photos">${photos.map((photo, i) => html`<div class="file" key=${photo.key}><${Thumb} blob=${photo.blob}/>
            <button class="x" type="button" aria-label=${t('leave.form.photo_remove', { n: i + 1 })}
                onClick=${() => change((list) => list.filter((one) => one.key !== photo.key))}><${Icon} of="x"/></button>
            ${progress[photo.key] !== undefined && html`<progress max="1" value=${progress[photo.key]} aria-label=${t('leave.form.photo_sending')}></progress>`}</div>`)}
            ${photos.length < MOST && html`<label class="file add"><input type="file" accept="image/*,application/pdf" multiple onChange=${add}/>
                <${Icon} of="cam"/>${t('leave.form.photo')}</label>`}</div>
        ${(wrong || error) && html`<p class="err" role="alert"><${Icon} of="warn"/><span>${wrong || error}</span></p>`}</div>`;
}

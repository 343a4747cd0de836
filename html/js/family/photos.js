// photos.js: photos of a slip: shrunk on the phone, on their way as soon as they are taken, removable until handed in.

import { reduce, sendFile, Tile } from '../files.js';
import { html, t, Icon, useState } from '../ui.js';

export const MOST = 3;

/** photos: [{ key, blob, thumb, id, sending }]; change(update) takes a function of the list, as a state setter does. label, hint: of what. */
export function Photos({ photos, change, error, label = t('leave-requests.certificate'), hint = t('leave.form.photo_optional') }) {
    const [progress, setProgress] = useState({});
    const [wrong, setWrong] = useState('');

    async function add(event) {
        const files = [...event.target.files].slice(0, MOST - photos.length);

        event.target.value = '';
        setWrong('');
        for (const file of files) {
            const photo = await reduce(file);

            if (!photo) {
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
            const id = await sendFile(photo, { quiet: true, patience: 0,
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
        <div class="files" role="group" aria-labelledby="photos">${photos.map((photo, i) => html`<${Tile} key=${photo.key} of=${photo} progress=${progress[photo.key]} sending=${t('leave.form.photo_sending')}
                label=${t('leave.form.photo_remove', { n: i + 1 })} remove=${() => change((list) => list.filter((one) => one.key !== photo.key))}/>`)}
            ${photos.length < MOST && html`<label class="file add"><input type="file" accept="image/*,application/pdf" multiple onChange=${add}/>
                <${Icon} of="cam"/>${t('leave.form.photo')}</label>`}</div>
        ${(wrong || error) && html`<p class="err" role="alert"><${Icon} of="warn"/><span>${wrong || error}</span></p>`}</div>`;
}

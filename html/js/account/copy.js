// copy.js: what is stored about one's own children and oneself, as files to keep: a row for each child.

import { toast, useChildren } from '../frame.js';
import { saveFile } from '../staff/export.js';
import { html, t, useState, Icon, ProblemNote } from '../ui.js';

export function Copies() {
    const children = useChildren().value?.items || [];
    const [busy, setBusy] = useState(null);                            // id of the child whose copy is under way
    const [problem, setProblem] = useState(null);

    async function save({ id }) {
        setBusy(id);
        setProblem(null);
        try {
            await saveFile(`students/${id}/copy`, 'copy.json');
            toast(t('me.copy.done'));
        } catch (refusal) {
            setProblem(refusal);
        }
        setBusy(null);
    }

    return children.length > 0 && html`<section class="v v2"><h2>${t('me.copy.title')}</h2><p class="sm mut">${t('me.copy.text')}</p>
        <${ProblemNote} of=${problem}/>
        <div class="card flush">${children.map((child) => html`<button key=${child.id} class="li" type="button" disabled=${busy !== null} onClick=${() => save(child)}>
            <${Icon} of="down"/><span class="g">${busy === child.id ? t('me.copy.busy') : t('me.copy', child)}</span></button>`)}</div></section>`;
}

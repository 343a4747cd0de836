// password.js: a new password, of one's own will or because the present one was given by somebody else.

import { post } from '../api.js';
import { enter } from '../app.js';
import { go, Page, toast } from '../frame.js';
import { Field, Submit, focusFirstError } from '../parts.js';
import { html, t, useRef, useState, ProblemNote } from '../ui.js';

const LEAST = 8;

/** What is wrong with a new password; undefined when nothing is. */
export const weak = (password) => (password.length < LEAST ? t('password.short', { n: LEAST - password.length }) : undefined);

/** A field for a new password, with a box that shows it. */
export function NewPassword({ label, error }) {
    const [shown, show] = useState(false);

    return html`<${Field} id="new" name="new" label=${label} error=${error} type=${shown ? 'text' : 'password'} autocomplete="new-password" maxlength="256"
        note=${html`<p class="cap">${t('password.advice')}</p>`}/>
        <label class="sm"><input type="checkbox" checked=${shown} onChange=${(e) => show(e.target.checked)}/> ${t('show_password')}</label>`;
}

export default function Password({ session }) {
    const forced = session.account.must_change_password;
    const form = useRef(null);
    const [errors, setErrors] = useState({});
    const [busy, setBusy] = useState(false);

    async function submit(event) {
        event.preventDefault();

        const values = Object.fromEntries(new FormData(form.current));
        const wrong = { ...(!values.current && { current: t('sign_in.no_password') }), ...(weak(values.new) && { new: weak(values.new) }) };

        setErrors(wrong);
        if (busy || Object.keys(wrong).length) {
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            await enter(await post('password', values));
            if (!forced) {
                go('me');
            }
            toast(t('password.done'));
        } catch (problem) {
            setErrors({ current: problem.field('current'), new: problem.field('new'), ...(!problem.errors.length && { form: problem }) });
            focusFirstError(form.current);
            setBusy(false);
        }
    }

    return html`<${Page} title=${t('password')} back=${forced ? undefined : 'me'} bare>
        ${forced && html`<h1 tabindex="-1">${t('password.forced')}</h1><p class="mut">${t('password.forced_text')}</p>`}
        <form class="v" novalidate ref=${form} onSubmit=${submit}>
        <${ProblemNote} of=${errors.form}/>
        <input type="text" name="username" value=${session.account.login || session.account.phone} autocomplete="username" hidden readonly/>
        <${Field} id="current" name="current" type="password" label=${t(forced ? 'password.given' : 'password.current')} error=${errors.current} autocomplete="current-password"/>
        <${NewPassword} label=${t('password.new')} error=${errors.new}/>
        <${Submit} busy=${busy} class="wide">${t('password.change')}<//></form><//>`;
}

// sessions.js: where one is signed in, and signing one of these out, which asks for the password.

import { post } from '../api.js';
import { toast } from '../frame.js';
import { Dialog, Field, Submit, focusFirstError } from '../parts.js';
import { html, t, timeText, useData, useRef, useState, Icon, ProblemNote, Waiting } from '../ui.js';

function End({ session, account, close, ended }) {
    const form = useRef(null);
    const [errors, setErrors] = useState({});
    const [busy, setBusy] = useState(false);

    async function submit(event) {
        event.preventDefault();

        const password = form.current.elements.password.value;

        setErrors(password ? {} : { password: t('sign_in.no_password') });
        if (busy || !password) {
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            await post(`sessions/${session.id}/end`, { password });
            ended();
        } catch (problem) {
            if (problem.status === 404) {                             // it has ended meanwhile
                ended();
                return;
            }
            setErrors(problem.field('password') ? { password: problem.field('password') } : { form: problem });
            focusFirstError(form.current);
            setBusy(false);
        }
    }

    return html`<${Dialog} title=${t('me.sessions.ask')} close=${close}><form class="v" novalidate ref=${form} onSubmit=${submit}>
        <p>${t('me.sessions.ask.text', session)}</p>
        <${ProblemNote} of=${errors.form}/>
        <input type="text" name="username" value=${account.login || account.phone} autocomplete="username" hidden readonly/>
        <${Field} id="own-password" name="password" type="password" label=${t('me.sessions.password')} error=${errors.password} autocomplete="current-password" maxlength="256" autofocus/>
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('me.stay')}</button>
            <${Submit} busy=${busy}>${t('me.sessions.end')}<//></div></form><//>`;
}

export function Sessions({ account }) {
    const data = useData('sessions', { kept: false });
    const [asked, ask] = useState(null);                              // the session that is to end

    function ended() {
        ask(null);
        toast(t('me.sessions.ended'));
        data.reload();
    }

    return html`<section class="v v2"><h2>${t('me.sessions')}</h2><p class="sm mut">${t('me.sessions.text')}</p>
        ${data.value ? html`<ul class="card flush plain">${data.value.items.map((one) => html`<li key=${one.id} class="li"><${Icon} of="${one.own ? 'check' : 'shield'}"/>
            <div class="g"><b>${one.device}</b>${one.own && html` <span class="sm t-pine">${t('me.sessions.own')}</span>`}<br/>
                <span class="sm mut">${t('me.sessions.since', { since: timeText(one.created_at), used: timeText(one.used_at) })}</span>
                ${one.network && html`<br/><span class="sm mut n">${t('me.sessions.from', one)}</span>`}</div>
            ${!one.own && html`<button class="btn xs" type="button" aria-label=${t('me.sessions.end.of', one)} onClick=${() => ask(one)}>${t('me.sessions.end')}</button>`}</li>`)}</ul>`
        : html`<${Waiting} data=${data}/>`}
        ${asked && html`<${End} key=${asked.id} session=${asked} account=${account} close=${() => ask(null)} ended=${ended}/>`}</section>`;
}

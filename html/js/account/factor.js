// factor.js: one-time codes of an authenticator app: set up, recovery codes, switched off. Whoever must have them and has none yet
// sees this page and no other.

import { del, get, post } from '../api.js';
import { enter, forget } from '../app.js';
import { go, Page, toast } from '../frame.js';
import { Field, Submit, focusFirstError } from '../parts.js';
import { html, t, dateText, useData, useEffect, useRef, useState, Icon, Note, ProblemNote, Waiting } from '../ui.js';

const groups = (text) => text.match(/.{1,4}/g).join(' ');

async function done(forced) {
    await enter(await get('session'));
    if (!forced) {
        go('me');
    }
}

/** A form of fields by name; send(values) may throw what a field or the form is told; calm: the focus stays where it is. */
function Form({ fields, send, label, calm, children }) {
    const form = useRef(null);
    const [errors, setErrors] = useState({});
    const [busy, setBusy] = useState(false);

    useEffect(() => { if (!calm) { form.current.querySelector('.in').focus(); } }, []);

    async function submit(event) {
        event.preventDefault();

        const values = Object.fromEntries(new FormData(form.current));
        const missing = fields.filter((name) => !values[name]?.trim());

        delete values.username;
        setErrors(Object.fromEntries(missing.map((name) => [name, t(name === 'code' ? 'sign_in.no_code' : 'sign_in.no_password')])));
        if (busy || missing.length) {
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            await send(values);
        } catch (problem) {
            const told = Object.fromEntries(fields.map((name) => [name, problem.field(name)]));

            setErrors(Object.values(told).some(Boolean) ? told : { form: problem });
            focusFirstError(form.current);
            setBusy(false);
        }
    }

    return html`<form class="v" novalidate ref=${form} onSubmit=${submit}><${ProblemNote} of=${errors.form}/>
        ${fields.includes('password') && html`<${Field} id="own-password" name="password" type="password" label=${t('me.sessions.password')} error=${errors.password} autocomplete="current-password" maxlength="256"/>`}
        ${fields.includes('code') && html`<${Field} id="code" name="code" label=${t('sign_in.code')} hint=${t('factor.code.hint')} error=${errors.code} inputmode="numeric" autocomplete="one-time-code" maxlength="20"/>`}
        <${Submit} busy=${busy} class="wide">${label}<//>${children}</form>`;
}

const Qr = ({ of }) => html`<svg class="qrcode" viewBox="-4 -4 ${of.size + 8} ${of.size + 8}" role="img" aria-label=${t('factor.qr')}>
    <path fill="#000" d=${of.path}/></svg>`;

/** The app is given the secret, and shows that it has it. */
const SetUp = ({ secret, uri, qr, confirmed }) => html`<section class="card v"><h2>${t('factor.scan')}</h2><p class="mut">${t('factor.scan.text')}</p>
    <${Qr} of=${qr}/><p class="sm">${t('factor.typed')}<br/><b class="n secret">${groups(secret)}</b></p>
    <a class="btn quiet wide" href=${uri}><${Icon} of="key"/>${t('factor.open')}</a></section>
    <section class="card v"><h2>${t('factor.first')}</h2>
    <${Form} calm fields=${['code']} label=${t('factor.on.do')} send=${async (values) => confirmed((await post('second-factor/confirm', values)).recovery_codes)}/></section>`;

/** Shown once. */
function Codes({ codes, forced }) {
    const heading = useRef(null);
    const [problem, setProblem] = useState(null);

    useEffect(() => heading.current.focus(), []);
    return html`<section class="card v"><${forced ? 'h2' : 'h1'} tabindex="-1" ref=${heading}>${t('factor.codes')}</${forced ? 'h2' : 'h1'}><p>${t('factor.codes.text')}</p>
        ${codes ? html`<ol class="codes n">${codes.map((one) => html`<li key=${one}>${one}</li>`)}</ol>` : html`<${Note} tone="wait">${t('factor.codes.lost')}<//>`}
        <${ProblemNote} of=${problem}/>
        <div class="v v2 noprint">${codes && html`<button class="btn wide" type="button" onClick=${() => print()}><${Icon} of="print"/>${t('factor.print')}</button>`}
            <button class="btn pri wide" type="button" onClick=${() => done(forced).catch(setProblem)}>${t('factor.codes.kept')}</button></div></section>`;
}

function On({ of, made, off }) {
    const [asked, ask] = useState('');
    const both = ['password', 'code'];
    const cancel = html`<button class="btn wide" type="button" onClick=${() => ask('')}>${t('me.stay')}</button>`;

    return html`<section class="card v"><p><${Icon} of="check"/> ${t('factor.is_on', { date: dateText(of.enrolled_at.slice(0, 10)) })}</p>
        <p class=${of.recovery_left < 3 ? 't-red' : 'mut'}>${t('factor.left', { n: of.recovery_left })}</p>
        ${!asked && html`<button class="btn wide" type="button" onClick=${() => ask('codes')}><${Icon} of="key"/>${t('factor.renew')}</button>
            <button class="btn del wide" type="button" onClick=${() => ask('off')}><${Icon} of="lock"/>${t('factor.off.do')}</button>`}</section>
        ${asked === 'codes' && html`<section class="card v"><h2>${t('factor.renew')}</h2><p class="mut">${t('factor.renew.text')}</p>
            <${Form} key="codes" fields=${both} label=${t('factor.renew')} send=${async (values) => made((await post('second-factor/recovery-codes', values)).recovery_codes)}>${cancel}<//></section>`}
        ${asked === 'off' && html`<section class="card v"><h2>${t('factor.off.do')}</h2><p class="mut">${t('factor.off.text')}</p>
            <${Form} key="off" fields=${both} label=${t('factor.off.do')} send=${async (values) => { await post('second-factor/remove', values); await off(); }}>${cancel}<//></section>`}`;
}

async function leave() {
    await del('session', undefined, { quiet: true }).catch(() => {});
    forget();
    go('sign-in');
}

export default function Factor({ session }) {
    const [forced] = useState(session.account.must_enrol_factor);
    const data = useData('second-factor', { kept: false });
    const [given, give] = useState(null);                             // { secret, uri, qr }
    const [codes, setCodes] = useState();                             // shown once

    async function off() {
        await done(false);
        toast(t('factor.off.done'));
    }

    return html`<${Page} title=${t('factor')} back=${forced || codes !== undefined ? undefined : 'me'} bare>
        ${forced && html`<h1 class="noprint" tabindex="-1">${t('factor.forced')}</h1>`}
        ${codes !== undefined ? html`<${Codes} codes=${codes} forced=${forced}/>` : !data.value ? html`<${Waiting} data=${data}/>`
        : data.value.on ? html`<${On} of=${data.value} made=${setCodes} off=${off}/>`
        : given ? html`<${SetUp} ...${given} confirmed=${(list) => setCodes(list)}/>`
        : html`${forced && html`<p class="mut">${t('factor.forced.text')}</p>`}
            <section class="card v"><p>${t('factor.text')}</p><p class="mut sm">${t('factor.app')}</p>
            <${Form} fields=${['password']} label=${t('factor.begin')} send=${async (values) => give(await post('second-factor', values))}/></section>`}
        ${forced && codes === undefined && html`<button class="btn quiet" type="button" onClick=${leave}>${t('me.sign_out')}</button>`}<//>`;
}

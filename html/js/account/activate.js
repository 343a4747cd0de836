// activate.js: a guardian's first use: the code on the slip, the children it stands for, a password. Signed in already, the
// code adds the children to the account.

import { post } from '../api.js';
import { enter, refresh } from '../app.js';
import { go, Page, session, toast } from '../frame.js';
import { Field, Relay, Submit, focusFirstError } from '../parts.js';
import { html, t, dateText, dots, useRef, useState, Icon, Note, ProblemNote, Student } from '../ui.js';
import { NewPassword, weak } from './password.js';

/** "sz7k 92md" → "SZ7K-92MD": as it is printed. */
const spell = (text) => text.toUpperCase().replace(/[^0-9A-Z]/g, '').slice(0, 8).replace(/^(.{4})(.+)/, '$1-$2');

const problemOf = (problem, name) => ({ [problem.field(name) ? name : 'form']: problem.field(name) || problem });

function Code({ found }) {
    const form = useRef(null);
    const [code, setCode] = useState('');
    const [errors, setErrors] = useState({});
    const [busy, setBusy] = useState(false);

    async function submit(event) {
        event.preventDefault();
        if (busy || code.length < 9) {
            setErrors({ code: t('activate.short', { n: 8 - code.replace('-', '').length }) });
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            found(code, await post('activation/check', { code }));
        } catch (problem) {
            setErrors(problemOf(problem, 'code'));
            focusFirstError(form.current);
            setBusy(false);
        }
    }

    return html`<form class="v v5" id="step" novalidate ref=${form} onSubmit=${submit}>
        <${ProblemNote} of=${errors.form}/>
        <${Field} id="code" name="code" class="code" label=${t('activate.code')} hint=${t('activate.code_hint')} error=${errors.code} value=${code} onInput=${(e) => setCode(spell(e.target.value))}
            autocomplete="one-time-code" autocapitalize="characters" spellcheck=${false}/>
        <${Submit} busy=${busy} class="wide">${t('activate.next')}<//></form>`;
}

function Children({ check, code, yes, no, busy, problem }) {
    return html`<div class="v v5"><div class="f"><p class="lab">${t('activate.code')}</p><p class="in code n">${code}</p>
        <p class="sm t-pine"><${Icon} of="check"/> ${t('activate.valid', { date: dateText(check.expires_on) })}</p></div>
        <${ProblemNote} of=${problem}/>
        <section class="card v"><h2>${t('activate.yours', { n: check.children.length })}</h2>${check.children.map((child) => html`<${Student} key=${child.name} name=${child.name}>
            ${dots(child.class_name, child.school_name)}<br/>${t(`activate.you.${child.relation}`)}<//>`)}</section>
        <${Note}><span class="sm">${t('activate.privacy')}</span><//>
        <div class="dock"><div class="h"><button class="btn" type="button" onClick=${no}>${t('activate.no')}</button>
            <button class="btn pri g" type="button" disabled=${busy} onClick=${yes}>${t('activate.yes')}</button></div></div></div>`;
}

function NewAccount({ check, code }) {
    const form = useRef(null);
    const [errors, setErrors] = useState({});
    const [busy, setBusy] = useState(false);

    async function submit(event) {
        event.preventDefault();

        const password = form.current.elements.new.value;

        setErrors({ new: weak(password) });
        if (busy || weak(password)) {
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            await enter(await post('activation', { code, password }, { quiet: true }));
            toast(t('activate.done'));
        } catch (problem) {
            setErrors(problem.field('password') ? { new: problem.field('password') } : { form: problem });
            focusFirstError(form.current);
            setBusy(false);
        }
    }

    return html`<form class="v" novalidate ref=${form} onSubmit=${submit}>
        <${ProblemNote} of=${errors.form}/>
        <p>${t('activate.login', { name: check.guardian.name, phone: check.phone })}</p>
        <input type="text" name="username" value=${check.phone} autocomplete="username" hidden readonly/>
        <${NewPassword} label=${t('password.set')} error=${errors.new}/>
        <${Submit} busy=${busy} class="wide">${t('activate.finish')}<//></form>`;
}

export default function Activate() {
    const known = Boolean(session());
    const [step, setStep] = useState(0);
    const [found, setFound] = useState(null);
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState(null);

    async function accept() {
        if (!known) {
            setStep(2);
            return;
        }
        setBusy(true);
        try {
            await enter(await post('activation', { code: found.code }));
            go('children');
            refresh();
            toast(t('activate.added'));
        } catch (refusal) {
            setProblem(refusal);
            setBusy(false);
        }
    }

    return html`<${Page} title=${t(known ? 'activate.title_add' : 'activate.title')} back=${known ? 'me' : 'sign-in'}>
        <${Relay} at=${step} steps=${[{ label: t('activate.step.code'), icon: 'key' }, { label: t('activate.step.children'), icon: 'user' },
            ...(known ? [] : [{ label: t('activate.step.password'), icon: 'lock' }])]}/>
        ${step === 0 && html`<${Code} found=${(code, check) => { setFound({ code, check }); setStep(1); }}/>`}
        ${step === 1 && html`<${Children} ...${found} yes=${accept} no=${() => setStep(3)} busy=${busy} problem=${problem}/>`}
        ${step === 2 && html`<${NewAccount} ...${found}/>`}
        ${step === 3 && html`<${Note} tone="wait"><p><b>${t('activate.wrong')}</b></p><p>${t('activate.wrong_text')}</p>
            <button class="btn xs" type="button" onClick=${() => setStep(0)}>${t('activate.other_code')}</button><//>`}<//>`;
}

// verify.js: is a paper genuine? For anybody, without a session: by its QR, or typed from the paper. Says nothing about anybody.

import { get } from '../api.js';
import { go, Page } from '../frame.js';
import { Field, focusFirstError, Submit } from '../parts.js';
import { html, t, dateText, useEffect, useRef, useState, Icon, ProblemNote, Skeleton } from '../ui.js';

const LOOKS = { genuine: ['ok', 'check'], superseded: ['wait', 'clock'], void: ['no', 'x'], unknown: ['no', 'warn'] };

function Verdict({ of }) {
    const [tone, icon] = LOOKS[of.result];
    const words = { ...of, date: of.issued_on && dateText(of.issued_on) };

    return html`<section class="card v verdict ${tone}" aria-live="polite"><h1 tabindex="-1" class="h"><${Icon} of=${icon}/>${t(`verify.${of.result}`)}</h1>
        <p>${t(`verify.${of.result}.text`, words)}</p>
        ${of.title && html`<dl class="facts">${[['verify.kind', of.title], ['verify.issuer', of.issuer], ['verify.date', words.date]].map(([key, value]) => html`<div key=${key}><dt>${t(key)}</dt><dd>${value}</dd></div>`)}</dl>`}
        <a class="btn" href="#/verify">${t('verify.other')}</a></section>`;
}

function Ask({ number, mark }) {
    const [answer, setAnswer] = useState(null);
    const [problem, setProblem] = useState(null);

    useEffect(() => {
        get(`verify?${new URLSearchParams({ number, mark })}`, { quiet: true }).then(setAnswer, setProblem);
    }, []);
    return problem ? html`<${ProblemNote} of=${problem}/><a class="btn" href="#/verify">${t('verify.other')}</a>` : answer ? html`<${Verdict} of=${answer}/>` : html`<${Skeleton}/>`;
}

function Type() {
    const form = useRef(null);
    const [value, set] = useState({ number: '', mark: '' });
    const [wrong, setWrong] = useState({});
    const clean = { number: value.number.trim().toUpperCase(), mark: value.mark.replace(/\s/g, '').toLowerCase() };

    function submit(event) {
        event.preventDefault();

        const errors = { number: /^[0-9A-Z-]{6,48}$/.test(clean.number) ? '' : t('error.document.number'), mark: /^[0-9a-z]{20}$/.test(clean.mark) ? '' : t('error.document.mark') };

        setWrong(errors);
        if (errors.number || errors.mark) {
            focusFirstError(form.current);
        } else {
            go(`verify/${clean.number}/${clean.mark}`);
        }
    }

    return html`<form class="v v5" novalidate ref=${form} onSubmit=${submit}><h1 tabindex="-1">${t('verify.title')}</h1><p class="mut">${t('verify.intro')}</p>
        ${['number', 'mark'].map((name) => html`<${Field} key=${name} id=${name} label=${t(`verify.${name}`)} error=${wrong[name]} value=${value[name]} autocomplete="off" spellcheck=${false}
            onInput=${(e) => set({ ...value, [name]: e.target.value })}/>`)}
        <${Submit} class="wide">${t('verify.ask')}<//></form>`;
}

export default function Verify({ params }) {
    return html`<${Page} title=${t('verify.title')} bare>${params.number ? html`<${Ask} key=${params.number + params.mark} number=${params.number} mark=${params.mark}/>` : html`<${Type}/>`}<//>`;
}

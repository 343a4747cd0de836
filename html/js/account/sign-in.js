// sign-in.js: the sign-in page, and the same form as a dialog over a page whose session has ended.

import { post } from '../api.js';
import { enter, forget, setLanguage } from '../app.js';
import { Page } from '../frame.js';
import { Dialog, Field, Submit, focusFirstError } from '../parts.js';
import { html, t, language, problemText, useEffect, useRef, useState, Icon, Mark, ProblemNote } from '../ui.js';

// What people type as a phone number: spaces, hyphens and the country's prefix do not matter.
const plainLogin = (login) => (/^[+\d\s-]+$/.test(login) ? login.replace(/[\s-]/g, '').replace(/^(\+|00)86/, '') : login.trim());

function check({ login, password }) {
    const plain = plainLogin(login);

    return {
        ...(!plain && { login: t('sign_in.no_login') }),
        ...(/^1\d{8,9}$/.test(plain) && { login: t('sign_in.short_phone', { n: 11 - plain.length }) }),
        ...(!password && { password: t('sign_in.no_password') }),
    };
}

/** After the password, when the account has an authenticator app. over(text): the password is asked for again. */
function Code({ over }) {
    const form = useRef(null);
    const [error, setError] = useState('');
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const [lost, lose] = useState(false);

    useEffect(() => form.current.elements.code.focus(), [lost]);

    async function submit(event) {
        event.preventDefault();

        const code = form.current.elements.code.value.trim();

        setError(code ? '' : t('sign_in.no_code'));
        setProblem(null);
        if (busy || !code) {
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            await enter(await post('session/code', { code }, { quiet: true }));
        } catch (failed) {
            if (failed.status === 401) {
                over(problemText(failed));
                return;
            }
            if (failed.field('code')) {
                setError(failed.field('code'));
            } else {
                setProblem(failed);
            }
            focusFirstError(form.current);
        } finally {
            setBusy(false);
        }
    }

    return html`<form class="v" novalidate ref=${form} onSubmit=${submit}>
        <${ProblemNote} of=${problem}/>
        <p class="mut">${t(lost ? 'sign_in.recovery.text' : 'sign_in.code.text')}</p>
        <${Field} key=${lost} id="code" name="code" label=${t(lost ? 'sign_in.recovery' : 'sign_in.code')} error=${error} inputmode=${lost ? 'text' : 'numeric'}
            autocomplete=${lost ? 'off' : 'one-time-code'} autocapitalize="characters" spellcheck=${false} maxlength="20"/>
        <${Submit} busy=${busy} class="wide">${t('sign_in')}<//>
        <button class="btn quiet" type="button" onClick=${() => { lose(!lost); setError(''); }}>${t(lost ? 'sign_in.recovery.back' : 'sign_in.recovery.use')}</button>
        <button class="btn quiet" type="button" onClick=${() => over('')}>${t('sign_in.again')}</button></form>`;
}

function Form({ children }) {
    const [step, setStep] = useState(false);                          // the password was right, a code is awaited
    const form = useRef(null);
    const [errors, setErrors] = useState({});
    const [busy, setBusy] = useState(false);
    const [shown, show] = useState(false);

    async function submit(event) {
        event.preventDefault();

        const { login, password } = Object.fromEntries(new FormData(form.current));
        const wrong = check({ login, password });

        setErrors(wrong);
        if (busy || Object.keys(wrong).length) {
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            const session = await post('session', { login: plainLogin(login), password }, { quiet: true });

            if (session.second_factor) {
                setStep(true);
                return;
            }
            await enter(session);
        } catch (problem) {
            setErrors([401, 422].includes(problem.status) ? { password: problemText(problem) } : { form: problem });
            focusFirstError(form.current);
        } finally {
            setBusy(false);
        }
    }

    if (step) {
        return html`<${Code} over=${(text) => { setStep(false); setErrors(text ? { password: text } : {}); }}/>`;
    }

    return html`<form class="v" novalidate ref=${form} onSubmit=${submit}>
        <${ProblemNote} of=${errors.form}/>
        <${Field} id="login" name="login" label=${t('sign_in.login')} error=${errors.login} autocomplete="username" autocapitalize="none" spellcheck=${false}/>
        <${Field} id="secret" name="password" label=${t('sign_in.password')} error=${errors.password} type=${shown ? 'text' : 'password'} autocomplete="current-password"/>
        <label class="sm"><input type="checkbox" checked=${shown} onChange=${(e) => show(e.target.checked)}/> ${t('show_password')}</label>
        <${Submit} busy=${busy} class="wide">${t('sign_in')}<//>${children}</form>`;
}

export const LanguageSwitch = () => html`<button class="btn quiet" type="button" lang=${language() === 'en' ? 'zh-CN' : 'en'}
    onClick=${() => setLanguage(language() === 'en' ? 'zh-CN' : 'en')}>${language() === 'en' ? '中文' : 'English'}</button>`;

export default function SignIn() {
    return html`<${Page} title=${t('sign_in')} bare>
        <div class="v v2"><${Mark} big/><h1 tabindex="-1">${t('name')}</h1><p class="mut">${t('motto')}</p></div>
        <${Form}/>
        <section class="card v v2"><h2>${t('sign_in.first')}</h2><p class="mut">${t('sign_in.first_text')}</p>
            <a class="btn soft wide" href="#/activate"><${Icon} of="key"/>${t('sign_in.have_code')}</a></section>
        <div class="h"><p class="cap g">${t('sign_in.forgot')}</p><${LanguageSwitch}/></div><//>`;
}

/** idle: minutes that nobody used the session, when that has ended it. Covers the page: whoever comes by reads nothing. */
export function SignInDialog({ idle }) {
    return html`<${Dialog} title=${t(idle ? 'session_over.idle' : 'session_over')} stay cover>
        <p class="mut">${idle ? t('session_over.idle_text', { n: idle }) : t('session_over.text')}</p>
        <${Form}><button class="btn quiet" type="button" onClick=${() => { forget(); location.reload(); }}>${t('session_over.other')}</button><//><//>`;
}

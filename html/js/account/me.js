// me.js: the reader's own page: name, language, large print, password, more children, copies of what is stored, sign out.

import { del } from '../api.js';
import { forget, setLanguage } from '../app.js';
import { go, large, Page, setLarge, toast } from '../frame.js';
import { clear, waiting } from '../outbox.js';
import { Choice, Dialog } from '../parts.js';
import { html, t, dots, language, useState, Icon, ProblemNote } from '../ui.js';
import { Copies } from './copy.js';
import { Sessions } from './sessions.js';

async function signOut(everywhere) {
    try {
        await del(`session${everywhere ? '?everywhere=true' : ''}`, undefined, { quiet: true });
    } catch (problem) {
        if (problem.status !== 401) {
            throw problem;
        }
    }
    await clear().catch(() => {});
    forget();
    go('sign-in');
    toast(t(everywhere ? 'me.signed_out_everywhere' : 'me.signed_out'));
}

const Row = ({ icon, children, ...rest }) => html`<${rest.href ? 'a' : 'button'} class="li" type=${rest.href ? undefined : 'button'} ...${rest}>
    <${Icon} of=${icon}/><span class="g">${children}</span><${Icon} of="r"/></${rest.href ? 'a' : 'button'}>`;

/** What there is to set and to do; staff see it in their own frame (staff/me.js). heading: the name as the page's title. */
export function Mine({ session, heading }) {
    const { account, positions, has_children: guardian } = session;
    const [asked, ask] = useState(null);                               // { everywhere, left }: sure to sign out?
    const [problem, setProblem] = useState(null);

    async function leave(everywhere) {
        const left = (await waiting().catch(() => [])).length;

        if (left || everywhere) {
            ask({ everywhere, left });
        } else {
            signOut(false).catch(setProblem);
        }
    }

    return html`<section class="card v v2"><div>${heading && html`<h1 tabindex="-1">${account.name}</h1>`}<p class="mut n">${account.phone || account.login}</p></div>
            ${positions.map((one) => html`<p key=${one.unit_id + one.role} class="sm">${dots(one.unit_name, one.role_label)}</p>`)}</section>
        <${ProblemNote} of=${problem}/>
        <section class="card v"><${Choice} name="language" label=${html`${t('me.language')} <small>${language() === 'en' ? '语言' : 'Language'}</small>`} value=${language()} onChange=${setLanguage}
            choices=${[{ value: 'zh-CN', label: '中文' }, { value: 'en', label: 'English' }]}/>
            <${Choice} name="size" label=${t('me.size')} value=${large() ? 'l' : 'm'} onChange=${(size) => setLarge(size === 'l')}
                choices=${[{ value: 'm', label: t('me.size.m') }, { value: 'l', label: t('me.size.l') }]}/></section>
        <section class="card flush"><${Row} icon="lock" href="#/password">${t('password')}<//>
            ${positions.length > 0 && html`<${Row} icon="shield" href="#/second-factor">${t('factor')} <small class="mut">${t(account.second_factor ? 'factor.state.on' : 'factor.state.off')}</small><//>`}
            ${(guardian || !positions.length) && html`<${Row} icon="key" href="#/activate">${t('me.add')}<//>`}
            <${Row} icon="out" onClick=${() => leave(false)}>${t('me.sign_out')}<//>
            <${Row} icon="shield" onClick=${() => leave(true)}>${t('me.sign_out_everywhere')}<//></section>
        <${Sessions} account=${account}/>
        ${guardian && html`<${Copies}/>`}
        ${asked && html`<${Dialog} title=${t(asked.everywhere ? 'me.everywhere.ask' : 'me.left.ask')} close=${() => ask(null)}>
            <p>${asked.everywhere && t('me.everywhere.text')} ${asked.left > 0 && t('me.left.text', { n: asked.left })}</p>
            <div class="h wrap end"><button class="btn" type="button" autofocus onClick=${() => ask(null)}>${t('me.stay')}</button>
                <button class="btn del" type="button" onClick=${() => { ask(null); signOut(asked.everywhere).catch(setProblem); }}>${t('me.sign_out')}</button></div><//>`}`;
}

export default ({ session }) => html`<${Page} title=${t('tab.me')} tab="me"><${Mine} session=${session} heading/><//>`;

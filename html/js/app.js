// app.js: the shell: who is signed in, which page is shown, its frame, and what is said over it. Pages live in files of
// their own and are loaded when they are opened.

import { handlers, get, patch, keepFor, dropAll } from './api.js';
import { html, render, t, loadTexts, changeLanguage, language, setClock, Icon, Mark, Note, ProblemNote, Skeleton,
    useEffect, useRef } from './ui.js';

/* path: segments, ":name" is a parameter. texts: locale files beside portal.json. open: needs no session.
 * A page module's default export is its component: ({ session, params, query }). */
const ROUTES = [
    { path: 'sign-in', page: () => import('./account/sign-in.js'), open: true },
    { path: 'activate', page: () => import('./account/activate.js'), texts: ['guardian'], open: true },
    { path: 'password', page: () => import('./account/password.js'), texts: ['guardian'] },
    { path: 'me', page: () => import('./account/me.js'), texts: ['guardian'] },
    { path: 'children', page: () => import('./family/home.js'), texts: ['leave'] },
    { path: 'my-leave', page: () => import('./family/leaves.js'), texts: ['leave'] },
    { path: 'my-leave/new', page: () => import('./family/form.js'), texts: ['leave'] },
    { path: 'my-leave/:id', page: () => import('./family/leave.js'), texts: ['leave'] },
];

const state = { turn: 0, session: null, page: null, params: {}, query: {}, problem: null, toast: null, busy: 0, online: navigator.onLine,
    signIn: null };
let wanted = '';                                                      // where to go once somebody has signed in

export const session = () => state.session;
export const can = (capability) => Boolean(state.session?.capabilities.includes(capability));
export const go = (path) => { location.hash = `#/${path}`; };
/** Staff start at their day, guardians at their children. */
export const home = () => (state.session?.positions.length ? 'today' : 'children');

/* ---- what is said over the page */
let toastTimer;

export function say(text) {
    const live = document.getElementById('live');

    live.textContent = '';
    setTimeout(() => { live.textContent = text; }, 50);
}

/** After success only; 8 seconds, longer while it is pointed at. action: { label, run, end }: run takes it back; end is called
 *  once when the toast goes without that, however it goes. */
export function toast(text, action) {
    hush();
    state.toast = { text, action, hash: location.hash };
    linger(8);
    say(text);
    draw();
}

function linger(seconds) {
    clearTimeout(toastTimer);
    toastTimer = setTimeout(hush, seconds * 1000);
}

export function hush() {
    const { toast: gone } = state;

    clearTimeout(toastTimer);
    state.toast = null;
    gone?.action?.end?.();
    draw();
}

/** Does what the toast offers. */
export function takeBack() {
    const action = state.toast?.action;

    clearTimeout(toastTimer);
    state.toast = null;
    draw();
    action?.run();
}

/* ---- who is signed in */
function adopt(session) {
    state.session = session;
    keepFor(session ? session.account.id : '');
    if (session) {
        session.told_at ||= Date.now();
        setClock(session.now, session.told_at);
        localStorage.setItem('baoxue.session', JSON.stringify(session));
    }
}

async function findSession() {
    try {
        adopt(await get('session', { quiet: true, patience: 1 }));
    } catch (problem) {
        const kept = problem.status !== 401 && JSON.parse(localStorage.getItem('baoxue.session'));

        if (kept) {                                                   // no network: what was kept may still be read
            adopt(kept);
        } else if (problem.status === 401) {
            forget();
        } else {
            state.problem = problem;
        }
    }
}

/** Takes the session a sign-in, an activation or a new password has brought, and goes on. */
export async function enter(session) {
    const other = state.session && state.session.account.id !== session.account.id;

    adopt(session);
    if (session.language && session.language !== language()) {
        await changeLanguage(session.language);
    }
    if (state.signIn && other) {                                      // somebody else's page must not go on
        location.replace(`#/${home()}`);
        location.reload();
    } else if (state.signIn) {
        state.signIn.resolve();
        state.signIn = null;
        draw();
    } else {
        const to = wanted || home();

        wanted = '';
        if (location.hash === `#/${to}`) {
            route();
        } else {
            go(to);
        }
    }
}

export function forget() {
    adopt(null);
    state.page = null;                                                // pages may count on a session
    dropAll();
    localStorage.removeItem('baoxue.session');
    wanted = '';
}

/** Everything typed stays: a dialog asks for the password, then the request goes out again. */
handlers.signIn = () => {
    if (!state.signIn) {
        state.signIn = {};
        state.signIn.done = new Promise((resolve) => { state.signIn.resolve = resolve; });
        import('./account/sign-in.js').then(({ SignInDialog }) => { state.signIn.dialog = SignInDialog; draw(); });
    }
    return state.signIn.done;
};

/** Somebody else has set the password meanwhile: first a new one. */
handlers.mustChange = () => {
    state.session.account.must_change_password = true;
    route();
};

handlers.busy = (seconds) => {
    state.busy = seconds;
    say(seconds ? t('busy', { n: seconds }) : '');
    draw();
};

/* ---- how it is shown */
export async function setLanguage(to) {
    await changeLanguage(to);
    if (state.session) {
        state.session.language = to;
        patch('session', { language: to }).catch(() => {});           // the phone keeps it; the account gets it next time
    }
    draw();
}

export const large = () => document.documentElement.dataset.size === 'l';

export function setLarge(on) {
    document.documentElement.dataset.size = on ? 'l' : '';
    localStorage.setItem('baoxue.size', on ? 'l' : '');
    draw();
}

export const LargePrint = () => html`<button class="ib" type="button" aria-pressed=${String(large())} onClick=${() => setLarge(!large())}>
    <${Icon} of="text"/><span class="sm">${t('large_print')}</span></button>`;

/** Title of the window, look of the body (roomy for guardians), and the focus on the page's heading when it is opened. */
export function useHeading(title, look = '') {
    const heading = useRef(null);

    useEffect(() => { document.body.className = look; }, [look]);

    useEffect(() => { document.title = title ? t('window', { title }) : t('name'); }, [title]);
    useEffect(() => {
        if (state.moved) {
            window.scrollTo(0, 0);
        }
        if (state.moved || (turn > 1 && document.activeElement === document.body)) {     // body: the heading was drawn anew
            state.moved = false;
            (heading.current || document.getElementById('main'))?.focus({ preventScroll: true });
        }
    }, []);
    return heading;
}

/** The places of a guardian; whoever works here too has the way back to work in front. */
function places() {
    return [...(state.session?.positions.length ? [['today', 'list']] : []),
        ...(state.session?.has_children || !state.session?.positions.length ? [['children', 'home'], ['my-leave', 'leave']] : []), ['me', 'user']];
}

/** A guardian's page. back: path of the arrow (else the school's name); tab: which place is lit; dock: the main button. */
export function Page({ title, brand, back, tab, dock, bare, children }) {
    const heading = useHeading(title, 'roomy');

    return html`<a class="skip" href="#main" onClick=${skip}>${t('skip')}</a>
    <header class="bar">${back !== undefined
        ? html`<a class="ib" href="#/${back}" aria-label=${t('back')}><${Icon} of="l"/></a><h1 class="g" tabindex="-1" ref=${heading}>${title}</h1>`
        : html`<span class="brand g">${!bare && html`<${Mark}/><span>${brand || t('name')}</span>`}</span><${LargePrint}/>`}</header>
    <${Lines}/>
    <main class="phone v" id="main" tabindex="-1">${children}</main>
    ${dock && html`<div class="dock ${dock.length > 1 ? 'h' : ''}">${dock}</div>`}
    ${tab && !dock && html`<nav class="tabs" aria-label=${t('places')}>${places().map(([to, icon]) => html`<a key=${to} href="#/${to}"
        aria-current=${tab === to ? 'page' : undefined}><${Icon} of=${icon}/>${t(`tab.${to}`)}</a>`)}</nav>`}`;
}

export function skip(event) {
    event.preventDefault();
    document.getElementById('main').focus();
}

/** One line over the page while there is no network or the server asks us to wait. */
export const Lines = () => html`<div hidden=${state.online && !state.busy}>
    ${!state.online && html`<p class="line"><${Icon} of="off"/>${t('offline.line')}</p>`}
    ${state.busy > 0 && html`<p class="line"><${Icon} of="clock"/>${t('busy', { n: state.busy })}</p>`}</div>`;

const Apology = ({ problem }) => html`<${Page} title=${t('apology')} bare=${!state.session} tab=${state.session && 'none'}>
    <h1 tabindex="-1">${t('apology')}</h1>
    ${problem ? html`<${ProblemNote} of=${problem} retry=${() => location.reload()}/>`
        : html`<${Note} tone="wait">${t('no_such_page')} <a href="#/${home()}">${t('to_home')}</a><//>`}<//>`;

function App() {
    const { page, session: who, params, query, problem, signIn } = state;

    return html`${problem || page === 'none' ? html`<${Apology} problem=${problem}/>`
        : page ? html`<${page} key=${state.turn + location.hash} session=${who} params=${params} query=${query}/>`
            : html`<main class="phone"><${Skeleton}/></main>`}
    ${signIn?.dialog && html`<${signIn.dialog}/>`}
    ${state.toast && html`<p class="toast fix" onMouseEnter=${() => clearTimeout(toastTimer)} onMouseLeave=${() => linger(4)}
        onFocusIn=${() => clearTimeout(toastTimer)} onFocusOut=${() => linger(4)}><${Icon} of="check"/><span class="g">${state.toast.text}</span>
        ${state.toast.action && html`<button type="button" onClick=${takeBack}>${state.toast.action.label}</button>`}</p>`}`;
}

/** Opens the page that is shown anew, with fresh data. */
export function refresh() {
    state.turn++;
    draw();
}

function draw() {
    render(html`<${App}/>`, document.getElementById('app'));
}

/* ---- which page */
function match(path) {
    const given = path.split('/').map(decodeURIComponent);

    for (const entry of ROUTES) {
        const parts = entry.path.split('/');
        const params = {};

        if (parts.length === given.length && parts.every((part, i) => (part[0] === ':' ? (params[part.slice(1)] = given[i]) : part === given[i]))) {
            return { ...entry, params };
        }
    }
    return null;
}

let turn = 0;

async function route() {
    const [path, search] = location.hash.replace(/^#\/?/, '').split('?');
    const mine = ++turn;
    let entry = match(path);

    if (state.toast && state.toast.hash !== location.hash) {          // it was said about the page before
        hush();
    }

    if (!state.session && !entry?.open) {
        wanted = path && path !== 'sign-in' ? location.hash.slice(2) : '';
        entry = match('sign-in');
    } else if (state.session?.account.must_change_password) {
        entry = match('password');
    } else if (state.session && (!path || path === 'sign-in')) {
        location.replace(`#/${home()}`);
        return;
    }
    Object.assign(state, { params: entry?.params || {}, query: Object.fromEntries(new URLSearchParams(search)), problem: null });
    try {
        const [module] = entry ? await Promise.all([entry.page(), loadTexts(entry.texts || [])]) : [{ default: 'none' }];

        if (mine !== turn) {
            return;
        }
        state.page = module.default;
        state.moved = mine > 1;
    } catch {
        state.problem = { offline: !navigator.onLine, message: t(navigator.onLine ? 'failed' : 'offline.page') };
    }
    draw();
}

/* ---- start */
async function start() {
    const languages = navigator.languages || [];

    document.documentElement.lang = localStorage.getItem('baoxue.language')
        || (languages.length && !languages.some((l) => l.startsWith('zh')) ? 'en' : 'zh-CN');
    document.documentElement.dataset.size = localStorage.getItem('baoxue.size') || '';
    await Promise.all([loadTexts(['portal']), findSession()]);
    if (state.session?.language && state.session.language !== language()) {
        await changeLanguage(state.session.language);
    }
    for (const event of ['online', 'offline']) {
        window.addEventListener(event, () => { state.online = navigator.onLine; draw(); });
    }
    window.addEventListener('hashchange', route);
    if (state.problem) {
        draw();
    } else {
        await route();
    }
    if (localStorage.getItem('baoxue.waiting')) {
        import('./outbox.js').then(({ flush }) => flush());
    }
    if ('serviceWorker' in navigator) {
        navigator.serviceWorker.register('sw.js').catch(() => {});
    }
}

start();

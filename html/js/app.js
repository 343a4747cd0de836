// app.js: starts the portal, knows who is signed in, and opens pages. Pages live in files of their own and are loaded when
// they are opened.

import { handlers, get, patch, keepFor, dropAll } from './api.js';
import { can, go, home, hush, Page, say, shell, summary, Toast } from './frame.js';
import { html, render, t, loadTexts, changeLanguage, language, setClock, Note, ProblemNote, Skeleton } from './ui.js';

/* path: segments, ":name" is a parameter. texts: locale files beside portal.json. open: needs no session. needs: the capability
 * without which there is nothing on the page.
 * A page module's default export is its component: ({ session, params, query }). */
export const ROUTES = [
    { path: 'sign-in', page: () => import('./account/sign-in.js'), open: true },
    { path: 'activate', page: () => import('./account/activate.js'), texts: ['guardian'], open: true },
    { path: 'password', page: () => import('./account/password.js'), texts: ['guardian'] },
    { path: 'second-factor', page: () => import('./account/factor.js'), texts: ['guardian'] },
    { path: 'me', page: () => (shell.session.positions.length ? import('./staff/me.js') : import('./account/me.js')), texts: ['guardian'] },
    { path: 'verify', page: () => import('./print/verify.js'), texts: ['document'], open: true },
    { path: 'verify/:number/:mark', page: () => import('./print/verify.js'), texts: ['document'], open: true },
    { path: 'print/:id', page: () => import('./print/page.js'), texts: ['document'] },
    { path: 'children', page: () => import('./family/home.js') },
    { path: 'my-leave', page: () => import('./family/leaves.js'), texts: ['leave'] },
    { path: 'my-leave/new', page: () => import('./family/form.js'), texts: ['leave'] },
    { path: 'my-leave/:id', page: () => import('./family/leave.js'), texts: ['leave'] },
    { path: 'notices', page: () => (shell.session.positions.length ? import('./staff/notices.js') : import('./family/notices.js')), texts: ['task', 'staff'] },
    ...[
        { path: 'today', page: () => import('./staff/desk.js') },
        { path: 'leave', page: () => import('./staff/leave.js'), texts: ['leave', 'staff'], needs: 'leave.read' },
        { path: 'leave/new', page: () => import('./staff/entry.js'), texts: ['leave', 'people', 'staff'], needs: 'leave.enter' },
        { path: 'leave/day', page: () => import('./staff/day.js'), texts: ['leave', 'staff'], needs: 'leave.read' },
        { path: 'leave/:id', page: () => import('./staff/slip.js'), texts: ['leave', 'staff'], needs: 'leave.read' },
        { path: 'imports', page: () => import('./staff/imports.js'), texts: ['import', 'staff'], needs: 'roster.import' },
        { path: 'imports/:id', page: () => import('./staff/import.js'), texts: ['import', 'staff'], needs: 'roster.import' },
        { path: 'slips', page: () => import('./staff/slips.js'), texts: ['staff'], needs: 'import.slips' },
        { path: 'slips/:id', page: () => import('./staff/slips.js'), texts: ['staff'], needs: 'import.slips' },
        { path: 'documents/:id', page: () => import('./print/page.js'), texts: ['document'] },
        { path: 'students', page: () => import('./staff/students.js'), texts: ['people', 'staff'], needs: 'student.read' },
        { path: 'students/:id', page: () => import('./staff/student.js'), texts: ['people', 'leave', 'dropout', 'staff'], needs: 'student.read' },
        { path: 'students/:id/file', page: () => import('./staff/file.js'), texts: ['people', 'leave', 'dropout', 'attendance', 'visit', 'staff'] },
        { path: 'dropout', page: () => import('./staff/dropout.js'), texts: ['dropout', 'people', 'staff'] },
        { path: 'dropout/:id', page: () => import('./staff/case.js'), texts: ['dropout', 'leave', 'staff'] },
        { path: 'responsibility', page: () => import('./staff/responsibility.js'), texts: ['responsibility', 'people', 'staff'] },
        { path: 'dropout-cases', page: () => import('./staff/dropout.js'), texts: ['dropout', 'people', 'staff'] },
        { path: 'dropout-cases/:id', page: () => import('./staff/case.js'), texts: ['dropout', 'leave', 'staff'] },
        ...[['', 'year'], ['/terms', 'terms'], ['/days', 'days'], ['/closures', 'closures'], ['/closures/:id', 'closures'], ['/timetable', 'timetable']].map(([part, file]) => ({
            path: `calendar${part}`, page: () => import(`./admin/calendar-${file}.js`), texts: ['calendar', 'staff'] })),
        { path: 'audit', page: () => import('./admin/audit.js'), texts: ['system', 'staff'] },
        { path: 'system', page: () => import('./admin/system.js'), texts: ['system', 'staff'] },
        { path: 'roll', page: () => import('./staff/roll.js'), texts: ['attendance', 'visit', 'staff'] },
        { path: 'roll-calls', page: () => import('./staff/roll.js'), texts: ['attendance', 'visit', 'staff'] },
        { path: 'absences', page: () => import('./staff/absences.js'), texts: ['attendance', 'visit', 'leave', 'staff'] },
        { path: 'day', page: () => import('./staff/daysheet.js'), texts: ['attendance', 'visit', 'leave', 'staff'] },
        { path: 'figures', page: () => import('./staff/figures.js'), texts: ['attendance', 'visit', 'leave', 'staff'] },
        { path: 'opening', page: () => import('./staff/opening.js'), texts: ['opening', 'attendance', 'visit', 'leave', 'document', 'staff'] },
        { path: 'tasks', page: () => import('./staff/tasks.js'), texts: ['task', 'staff'] },
        { path: 'tasks/:id', page: () => import('./staff/task.js'), texts: ['task', 'staff'] },
        { path: 'outbox', page: () => import('./staff/outbox.js'), texts: ['task', 'staff'] },
        ...[
            { path: 'admin', page: () => import('./admin/home.js') },
            { path: 'accounts', page: () => import('./admin/accounts.js') },
            { path: 'accounts/new', page: () => import('./admin/new.js') },
            { path: 'accounts/bulk', page: () => import('./admin/bulk.js') },
            { path: 'accounts/:id', page: () => import('./admin/account.js') },
            { path: 'org-units', page: () => import('./admin/units.js') },
            { path: 'org-units/:id', page: () => import('./admin/units.js') },
            { path: 'roles', page: () => import('./admin/roles.js') },
            { path: 'rules', page: () => import('./admin/rules.js') },
            { path: 'texts', page: () => import('./admin/texts.js') },
            { path: 'installed-plugins', page: () => import('./admin/plugins.js') },
        ].map((row) => ({ ...row, texts: ['admin', 'system', 'people', 'rules', 'staff'] })),
        { path: 'leave-requests', page: () => import('./staff/leave.js'), texts: ['leave', 'staff'], needs: 'leave.read' },
        { path: 'leave-requests/:id', page: () => import('./staff/slip.js'), texts: ['leave', 'staff'], needs: 'leave.read' },
    ].map((row) => ({ ...row, staff: true })),                        // for whoever has a position
    { path: ':record', page: () => import('./staff/records.js'), texts: ['staff'] },                  // whatever a workflow declares
    { path: ':record/:id', page: () => import('./staff/record.js'), texts: ['staff', 'leave'] },
];

const state = { page: null, hash: '', params: {}, query: {}, problem: null, signIn: null, fresh: 0 };      // page, hash, params and query are of one and the same page
let wanted = '';                                                      // where to go once somebody has signed in

/* ---- who is signed in */
function adopt(session) {
    shell.session = session;
    keepFor(session ? session.account.id : '');
    if (session) {
        session.told_at ||= Date.now();
        setClock(session.now, session.told_at);
        localStorage.setItem('baoxue.session', JSON.stringify(session));
    }
}

/** Forgets who was signed in and what was kept for them. */
export function forget() {
    adopt(null);
    state.page = null;                                                // pages may count on a session
    dropAll();
    localStorage.removeItem('baoxue.session');
    wanted = '';
}

async function findSession() {
    try {
        const { summary: first, ...session } = await get('session?with=summary', { quiet: true, patience: 1 });

        adopt(session);
        return first;
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

async function speakAs(session) {
    if (session?.language && session.language !== language()) {
        await changeLanguage(session.language);
    }
}

/** Takes the session a sign-in, an activation or a new password has brought, and goes on. */
export async function enter(session) {
    const other = shell.session && shell.session.account.id !== session.account.id;

    adopt(session);
    await speakAs(session);
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

/** Everything typed stays: a dialog asks for the password, then the request goes out again. */
handlers.signIn = (problem) => {
    if (!state.signIn) {
        state.signIn = { idle: problem?.body.idle_minutes };
        state.signIn.done = new Promise((resolve) => { state.signIn.resolve = resolve; });
        import('./account/sign-in.js').then(({ SignInDialog }) => { state.signIn.dialog = SignInDialog; draw(); });
    }
    return state.signIn.done;
};

/** Somebody else has set the password meanwhile: first a new one. */
handlers.mustChange = () => {
    shell.session.account.must_change_password = true;
    route();
};

/** The post needs one-time codes now: first they are set up. */
handlers.mustEnrol = () => {
    if (!shell.session.account.must_enrol_factor) {
        shell.session.account.must_enrol_factor = true;
        route();
    }
};

handlers.busy = (seconds) => {
    shell.busy = seconds;
    say(seconds ? t('busy', { n: seconds }) : '');
    draw();
};

export async function setLanguage(to) {
    await changeLanguage(to);
    if (shell.session) {
        shell.session.language = to;
        patch('session', { language: to }).then((session) => { adopt(session); draw(); }, () => {});      // without a network the phone keeps it
    }
    draw();
}

/* ---- what is shown */
const Apology = ({ problem }) => html`<${Page} title=${t('apology')} bare=${!shell.session} tab=${shell.session && 'none'}>
    <h1 tabindex="-1">${t('apology')}</h1>
    ${problem ? html`<${ProblemNote} of=${problem} retry=${() => location.reload()}/>`
        : html`<${Note} tone="wait">${t('no_such_page')} <a href="#/${home()}">${t('to_home')}</a><//>`}<//>`;

function App() {
    const { page, hash, params, query, problem, signIn } = state;

    return html`${problem || page === 'none' ? html`<${Apology} problem=${problem}/>`
        : page ? html`<${page} key=${state.fresh + hash} session=${shell.session} params=${params} query=${query}/>`
            : html`<main class="phone"><${Skeleton}/></main>`}
    ${signIn?.dialog && html`<${signIn.dialog} idle=${signIn.idle}/>`}${shell.toast && html`<${Toast} of=${shell.toast}/>`}`;
}

function draw() {
    render(html`<${App}/>`, document.getElementById('app'));
}

shell.draw = draw;

/** Opens the page that is shown anew, with fresh data. */
export function refresh() {
    state.fresh++;
    draw();
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
    const { hash } = location;
    const asked = history.state?.asked;                               // what was searched for: it stands in no address
    const [path, search] = hash.replace(/^#\/?/, '').split('?');
    const mine = ++turn;
    let entry = match(path);

    if (shell.toast && shell.toast.hash !== location.hash) {          // it was said about the page before
        hush();
    }
    if (!shell.session && !entry?.open) {
        wanted = path && path !== 'sign-in' ? location.hash.slice(2) : '';
        entry = match('sign-in');
    } else if (shell.session?.account.must_change_password) {
        entry = match('password');
    } else if (shell.session?.account.must_enrol_factor) {
        entry = match('second-factor');
    } else if (shell.session && (!path || path === 'sign-in')) {
        location.replace(`#/${home()}`);
        return;
    } else if (shell.session && ((entry?.staff && !shell.session.positions.length) || (entry?.needs && !can(entry.needs)))) {
        entry = null;
    }
    try {
        const [module] = entry ? await Promise.all([entry.page(), loadTexts(entry.texts || [])]) : [{ default: 'none' }];

        if (mine !== turn) {
            return;
        }
        Object.assign(state, { page: module.default, hash, params: entry?.params || {}, query: { ...Object.fromEntries(new URLSearchParams(search)), ...asked },
            problem: null });
        shell.moved = mine > 1 || null;
    } catch {
        if (mine !== turn) {
            return;
        }
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
    const [, first] = await Promise.all([loadTexts(['portal']), findSession()]);

    await speakAs(shell.session);
    summary.seed(first);
    for (const event of ['online', 'offline']) {
        window.addEventListener(event, () => { shell.online = navigator.onLine; draw(); });
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

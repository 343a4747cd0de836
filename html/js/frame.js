// frame.js: what is around every page: its heading, places and dock, the lines over it, what is said about it. Holds what
// the frame shows of the whole (shell); app.js changes it.

import { get, keep, recall, UNSEEN } from './api.js';
import { html, t, language, useData, Icon, Mark, useEffect, useRef, useState } from './ui.js';

/** session: who is signed in, as the server told it, or null. moved: a page has just been opened. draw: set by app.js. */
export const shell = { session: null, online: navigator.onLine, busy: 0, toast: null, moved: false, draw: () => {} };

export const session = () => shell.session;
export const can = (capability) => Boolean(shell.session?.capabilities.includes(capability));

/** Opens a page. What was searched for stays out of the address: the entry of the history has it (route() in app.js reads it there). */
export function go(path) {
    const [page, search] = path.split('?');
    const all = [...new URLSearchParams(search)];
    const asked = Object.fromEntries(all.filter(([name]) => UNSEEN.includes(name)));

    if (Object.keys(asked).length) {                                  // a mark, so that each search is a page of its own to go back to
        history.pushState({ asked }, '', `#/${page}?${new URLSearchParams([...all.filter(([name]) => !(name in asked)), ['asked', Date.now().toString(36)]])}`);
        window.dispatchEvent(new Event('hashchange'));
    } else {
        location.hash = `#/${path}`;
    }
}


/** Who does nothing here but administrate. */
export const administrates = () => Boolean(shell.session?.positions.length) && shell.session.positions.every((one) => one.role === 'admin');
/** Staff start at their day, administrators at what is left to set up, guardians at their children. */
export const home = () => (administrates() ? 'admin' : shell.session?.positions.length ? 'today' : 'children');

/** The reader's children, as useData(); who has none need not ask. */
export function useChildren() {
    const some = Boolean(shell.session?.has_children);
    const data = useData(some ? 'my-children' : '');

    return some ? data : { value: { items: [] } };
}

/* ---- what is said over the page */

/** To people who hear the page. */
export function say(text) {
    const live = document.getElementById('live');

    live.textContent = '';
    setTimeout(() => { live.textContent = text; }, 50);
}

let timer;

function linger(seconds) {
    clearTimeout(timer);
    timer = setTimeout(hush, seconds * 1000);
}

/** After success only; 8 seconds, longer while it is pointed at, or until another page is opened. action: { label, run, end }:
 *  run takes back what was done; end is called once when the toast goes without that. */
export function toast(text, action) {
    hush();
    shell.toast = { text, action, hash: location.hash };
    linger(8);
    say(text);
    shell.draw();
}

export function hush() {
    const { toast: gone } = shell;

    clearTimeout(timer);
    shell.toast = null;
    gone?.action?.end?.();
    shell.draw();
}

/** What the button of a toast does. */
export function takeBack() {
    const action = shell.toast?.action;

    clearTimeout(timer);
    shell.toast = null;
    action?.run();
    shell.draw();
}

export const Toast = ({ of: { text, action } }) => html`<section aria-label=${t('toast')}><p class="toast fix" onMouseEnter=${() => clearTimeout(timer)} onMouseLeave=${() => linger(4)}
    onFocusIn=${() => clearTimeout(timer)} onFocusOut=${() => linger(4)}><${Icon} of="check"/><span class="g">${text}</span>${action
    && html`<button type="button" onClick=${takeBack}>${action.label}</button>`}</p></section>`;

/** One line over the page while there is no network or the server asks us to wait. */
export const Lines = () => html`<div hidden=${shell.online && !shell.busy}>
    ${!shell.online && html`<p class="line"><${Icon} of="off"/>${t('offline.line')}</p>`}
    ${shell.busy > 0 && html`<p class="line"><${Icon} of="clock"/>${t('busy', { n: shell.busy })}</p>`}</div>`;

/* ---- large print */
export const large = () => document.documentElement.dataset.size === 'l';

export function setLarge(on) {
    document.documentElement.dataset.size = on ? 'l' : '';
    localStorage.setItem('baoxue.size', on ? 'l' : '');
    shell.draw();
}

export const LargePrint = () => html`<button class="ib" type="button" aria-pressed=${String(large())} onClick=${() => setLarge(!large())}>
    <${Icon} of="text"/><span class="sm">${t('large_print')}</span></button>`;

/* ---- answers that many pages show: asked for once, then again after a while, as long as somebody looks */

export class Shared {
    constructor(path, seconds, load = (options) => get(path, options)) {
        Object.assign(this, { path, seconds, load, watchers: new Set(), state: {}, whose: '', asked: 0 });
    }

    /** As useData(): { value, at, problem, reload }. wanted: false asks for nothing. */
    use(wanted = true) {
        const [, draw] = useState(0);

        useEffect(() => {
            const watcher = () => draw((n) => n + 1);
            const asking = wanted && setInterval(() => document.visibilityState === 'visible' && this.refresh(this.seconds, { unattended: true }), 10e3);

            this.watchers.add(watcher);
            if (wanted) {
                this.refresh(this.seconds);
            }
            return () => { this.watchers.delete(watcher); clearInterval(asking); };
        }, [wanted]);
        this.adopt();
        return wanted ? { ...this.state, reload: () => this.refresh() } : {};
    }

    // Another person, or another language: nothing of what was read before.
    adopt() {
        const whose = `${session()?.account.id} ${language()}`;

        if (this.whose !== whose) {
            Object.assign(this, { whose, asked: 0, state: recall(this.path) || {} });
        }
    }

    /** Asks again unless it was asked less than `age` seconds ago. */
    async refresh(age = 0, options = {}) {
        this.adopt();

        const { whose } = this;

        if (Date.now() - this.asked < age * 1000) {
            return;
        }
        this.asked = Date.now();
        try {
            const value = await this.load(options);

            if (this.whose === whose) {
                this.state = { value };
                this.got = Date.now();
                keep(this.path, value);
            }
        } catch (problem) {
            this.state = { ...this.state, problem, at: this.state.at || (this.state.value && this.got) };
        }
        this.tell();
    }

    /** Takes an answer that came with another. */
    seed(value) {
        if (value) {
            this.adopt();
            Object.assign(this, { state: { value }, asked: Date.now(), got: Date.now() });
        }
    }

    tell() {
        this.watchers.forEach((watcher) => watcher());
    }
}

/** Numbers behind the bell and the first page: { unread, overdue, today, coming, queues: by record what waits for my decision, items }. */
export const summary = new Shared('tasks/summary', 60);

/** To what I was told, with how much of it is new. */
export function Bell() {
    const n = summary.use().value?.unread || 0;

    return html`<a class="ib" href="#/notices" aria-label=${n ? t('bell.n', { n }) : t('bell')}><${Icon} of="bell"/>${n > 0 && html`<span class="cnt">${n > 99 ? '99+' : n}</span>`}</a>`;
}

/* ---- frames */

/** Title of the window, look of the body (roomy for guardians), and the focus on the page's heading when it is opened. */
export function useHeading(title, look = '') {
    const heading = useRef(null);

    useEffect(() => { document.body.className = look; }, [look]);
    useEffect(() => { document.title = title ? t('window', { title }) : t('name'); }, [title]);
    useEffect(() => {
        if (shell.moved) {
            window.scrollTo(0, 0);
        }
        if (shell.moved || (shell.moved === false && document.activeElement === document.body)) {   // body: drawn anew
            (heading.current || document.getElementById('main'))?.focus({ preventScroll: true });
        }
        shell.moved = false;
    }, []);
    return heading;
}

export function skip(event) {
    event.preventDefault();
    document.getElementById('main').focus();
}

/* The places of a guardian; whoever works here too has the way back to work in front. */
function places() {
    const { positions, has_children: guardian } = shell.session || { positions: [] };

    return [...(positions.length ? [['today', 'list']] : []), ...(guardian || !positions.length ? [['children', 'home'], ['my-leave', 'leave']] : []), ['me', 'user']];
}

/** A guardian's page. back: path of the arrow (else the school's name); tab: which place is lit; dock: the main button;
 *  bare: nothing but large print in the bar. */
export function Page({ title, brand, back, tab, dock, bare, children }) {
    const heading = useHeading(title, 'roomy');

    return html`<a class="skip" href="#main" onClick=${skip}>${t('skip')}</a>
    <header class="bar">${back !== undefined
        ? html`<a class="ib" href="#/${back}" aria-label=${t('back')}><${Icon} of="l"/></a><h1 class="g" tabindex="-1" ref=${heading}>${title}</h1>`
        : html`<span class="brand g">${!bare && html`<${Mark}/><span>${brand || t('name')}</span>`}</span>${shell.session && !bare && html`<${Bell}/>`}<${LargePrint}/>`}</header>
    <${Lines}/>
    <main class="phone v" id="main" tabindex="-1">${children}</main>
    ${dock && html`<div class="dock">${dock}</div>`}
    ${tab && !dock && html`<nav class="tabs" aria-label=${t('places')}>${places().map(([to, icon]) => html`<a key=${to} href="#/${to}"
        aria-current=${tab === to ? 'page' : undefined}><${Icon} of=${icon}/>${t(`tab.${to}`)}</a>`)}</nav>`}`;
}

// ui.js: the words and the small parts every page is made of. Texts, dates, then components; no requests but for texts.

import { html, useEffect, useState } from '../vendor/preact.js';
import { get, keep, recall, drop } from './api.js';

export { html, render, Fragment, useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback } from '../vendor/preact.js';

/* ---- texts: html/locale/<language>/<file>.json, flat; the server reads the same files */
const texts = {};
const loaded = new Map();                                             // "<language>/<file>" → promise
const OWN = 'plugin/';                                                // "plugin/<name>": a workflow that brings its words itself

export const language = () => document.documentElement.lang;

export function loadTexts(files) {
    return Promise.all(files.map((file) => {
        const name = `${language()}/${file}`;

        if (!loaded.has(name)) {
            const url = new URL(file.startsWith(OWN) ? `api/v1/texts?plugin=${file.slice(OWN.length)}&lang=${language()}`
                : `locale/${name}.json`, document.baseURI);

            loaded.set(name, fetch(url).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer))));
            loaded.get(name).catch(() => loaded.delete(name));
        }
        return loaded.get(name).then((all) => Object.assign(texts, all));
    }));
}

/** Loads what has been loaded so far in another language. */
export function changeLanguage(to) {
    const files = new Set([...loaded.keys()].map((name) => name.slice(name.indexOf('/') + 1)));

    document.documentElement.lang = to;
    localStorage.setItem('baoxue.language', to);
    return loadTexts([...files]);
}

/** The text of a key with its {names} filled; with n = 1, the key's ".one" goes first. An unknown key comes back. */
export function t(key, params) {
    const text = (params?.n === 1 && texts[`${key}.one`]) || texts[key] || key;

    return params ? text.replace(/{(\w+)}/g, (all, name) => params[name] ?? '') : text;
}

export const knows = (key) => key in texts;

/** What belongs together in a line: 病假·三年级2班. */
export const dots = (...words) => words.filter(Boolean).join(t('dot'));

/* ---- names */
const DOUBLE = '欧阳上官司马诸葛东方皇甫尉迟公孙令狐慕容夏侯司徒';
const SINGLE = '李王张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤冉安蒙';

/** What a family calls a child: 杨思雨 is 思雨. Names we cannot split for certain stay whole. */
export function givenName(name) {
    if (name.length === 4 && DOUBLE.includes(name.slice(0, 2))) {
        return name.slice(2);
    }
    return name.length === 3 && SINGLE.includes(name[0]) ? name.slice(1) : name;
}

/* ---- dates: "YYYY-MM-DD" and "YYYY-MM-DDTHH:MM:SS+08:00" as the server writes them, in the school's zone */
let ahead = 0;                                                        // the server's clock minus ours, ms
let zone = 8 * 3600e3;

/** iso: the server's time; at: ours when it was told. */
export function setClock(iso, at) {
    const sign = iso.match(/([+-])(\d\d):(\d\d)$/);

    ahead = Date.parse(iso) - at;
    zone = sign ? Number(`${sign[1]}1`) * (sign[2] * 3600e3 + sign[3] * 60e3) : 0;
}

export const now = () => new Date(Date.now() + ahead + zone).toISOString().slice(0, 16);      // "YYYY-MM-DDTHH:MM"
export const today = () => now().slice(0, 10);
export const addDays = (date, n) => new Date(Date.parse(date) + n * 86400e3).toISOString().slice(0, 10);
export const weekday = (date) => new Date(date).getUTCDay() || 7;     // 1 Monday .. 7 Sunday
export const monday = (date) => addDays(date, 1 - weekday(date));

const parts = (date) => {
    const [y, m, d] = date.split('-').map(Number);

    return { y, m, d, month: t(`date.month.${m}`), wd: t(`date.weekday.${weekday(date)}`) };
};
const NEAR = { '-1': 'date.yesterday', 0: 'date.today', 1: 'date.tomorrow' };
const near = (date) => NEAR[Math.round((Date.parse(date) - Date.parse(today())) / 86400e3)];
const thisYear = (date) => date.slice(0, 4) === today().slice(0, 4);

export const weekdayName = (date) => t(`date.weekday.${weekday(date)}`);
export const dateText = (date) => t(thisYear(date) ? 'date.day' : 'date.day.year', parts(date));
export const longDate = (date) => t('date.with_long_weekday', { date: dateText(date), wd: t(`date.weekday.long.${weekday(date)}`) });
export const dateWeekday = (date) => t('date.with_weekday', { date: dateText(date), wd: weekdayName(date) });
/** 今天, 昨天, 明天, else 11月25日 周三. */
export const dayText = (date) => (near(date) ? t(near(date)) : dateWeekday(date));
/** 今天 12:31, else 11月25日 12:31. */
export const timeText = (iso) => t('date.with_time', {
    date: near(iso.slice(0, 10)) ? t(near(iso.slice(0, 10))) : dateText(iso.slice(0, 10)), time: iso.slice(11, 16) });
export const days = (n) => t('n_days', { n });

/** 11月24日 – 25日 上午; 10月30日 全天. */
export function spanText({ starts_on: from, ends_on: to, starts_half: first, ends_half: last }) {
    if (from === to) {
        return t('span.one', { date: dateText(from), half: t(first === last ? `half.${first}` : 'half.day') });
    }

    const inMonth = from.slice(0, 7) === to.slice(0, 7);
    const start = first === 'pm' ? t('span.one', { date: dateText(from), half: t('half.pm') }) : dateText(from);
    const end = inMonth ? t('date.day.short', parts(to)) : dateText(to);

    return t(inMonth && first === 'am' ? 'span.month' : 'span.many', { from: start, first: parts(from).d,
        to: last === 'am' ? t('span.one', { date: end, half: t('half.am') }) : end });
}

/* ---- data: the kept copy at once, then what the server says. { value, at (when not fresh), problem, reload } */
export function useData(path, { kept = true } = {}) {
    const [state, set] = useState({});
    const [turn, reload] = useState(0);
    const copy = state.path === path ? state : { path, ...(kept && path && recall(path)) };

    useEffect(() => {
        const stop = new AbortController();

        if (path) {
            get(path, { signal: stop.signal }).then((value) => {
                if (kept) {
                    keep(path, value);
                }
                set({ path, value, fresh: true });
            }, (problem) => {
                if (problem.name === 'AbortError') {
                    return;
                }
                if ([403, 404].includes(problem.status)) {
                    drop(path);
                }
                set({ ...copy, ...([403, 404].includes(problem.status) && { value: undefined }), problem });
            });
        }
        return () => stop.abort();
    }, [path, turn]);
    useEffect(() => {                                                 // once there is a network or a server again, by itself
        const again = () => reload((n) => n + 1);
        const wait = copy.problem?.status === 503 && setTimeout(again, 15e3);

        if (copy.problem?.offline) {
            window.addEventListener('online', again);
        }
        return () => { clearTimeout(wait); window.removeEventListener('online', again); };
    }, [copy.problem]);
    return { ...copy, at: copy.fresh ? undefined : copy.at, reload: () => reload((n) => n + 1) };
}

/* ---- components */

/** A sentence whose dates do not break between two lines. */
export const unbroken = (text) => text.split(/((?:\d+月)?\d+日(?: 周.)?)/).map((part, i) => (i % 2 ? html`<span class="n" key=${i}>${part}</span>` : part));

export const Icon = ({ of }) => html`<svg class="i" aria-hidden="true"><use href="#i-${of}"/></svg>`;

const SEATS = [1, 11, 21].flatMap((y) => [1, 11, 21].map((x) => ({ d: `M${x} ${y + 2}q0-2 2-2h4q2 0 2 2v5h-8z`, one: x === 11 && y === 11 })));

/** The logo: nine seats, one of them in another colour. */
export const Mark = ({ big }) => html`<svg class="mark ${big ? 'xl' : ''}" viewBox="0 0 30 30" aria-hidden="true">
    ${SEATS.map(({ d, one }) => html`<path d=${d} class=${one ? 'one' : undefined}/>`)}</svg>`;

/** A child: the last character of the name on a desk. */
export const Seat = ({ name, small, out }) => html`<span class="seat ${small ? 's' : ''} ${out ? 'out' : ''}" aria-hidden="true">${[...name].pop()}</span>`;

export const Student = ({ name, children, href }) => html`<${href ? 'a' : 'span'} class="stu" href=${href}>
    <${Seat} name=${name}/><span><b>${name}</b><small>${children}</small></span></${href ? 'a' : 'span'}>`;

export const Badge = ({ tone, icon, children }) => html`<span class="bg ${tone === 'none' ? '' : tone}"><${Icon} of=${icon}/>${children}</span>`;

/* How each state of a leave looks; the word is leave-requests.state.<state>. */
const LEAVE = {
    draft: ['draft', 'pen'], submitted: ['wait', 'clock'], provisional: ['info', 'clock'], approved: ['ok', 'check'],
    rejected: ['no', 'x'], away: ['info', 'out'], overdue: ['late', 'warn'], returned: ['ok', 'checks'], cancelled: ['none', 'again'],
    awaiting_paper: ['wait', 'paper'], no_paper: ['no', 'paper'],
};

export const LeaveBadge = ({ state }) => html`<${Badge} tone=${LEAVE[state]?.[0] || 'none'} icon=${LEAVE[state]?.[1] || 'dots'}>
    ${t(`leave-requests.state.${state}`)}<//>`;

/** From → to and the school days between; one day or half of it is named once. */
export const Span = ({ of: { starts_on: from, starts_half: first, ends_on: to, ends_half: last, school_days: n } }) => html`<div class="span">
    <div><span class="b n">${dateText(from)}</span><span class="sm mut">${weekdayName(from)} ${t(`half.${from === to && first !== last ? 'day' : first}`)}</span></div>
    ${from !== to && html`<span class="mut" aria-label=${t('span.to')}>→</span>
    <div><span class="b n">${dateText(to)}</span><span class="sm mut">${weekdayName(to)} ${t(`half.${last}`)}</span></div>`}
    ${n !== undefined && html`<div class="b n">${days(n)}</div>`}</div>`;

/** tone: '' (information), ok, wait, no. Stays until it is no longer true. */
export const Note = ({ tone = '', icon, children }) => html`<div class="note ${tone}">
    <${Icon} of=${icon || { ok: 'check', wait: 'clock', no: 'warn' }[tone] || 'shield'}/><div class="g">${children}</div></div>`;

/** What a Problem says, in our words where the server gave none. auto: it is tried again by itself. */
export function problemText(p, auto) {
    if (p.offline) {
        return p.message || t(auto ? 'offline.read' : 'offline.act');
    }
    if (p.status === 503) {
        return t(`${p.code === 'busy' ? 'busy' : 'down'}.${auto ? 'auto' : 'later'}`);
    }
    return p.message || t('failed');
}

/** retry: of what is read, which is tried again by itself too. */
export const ProblemNote = ({ of, retry }) => of && html`<div role="alert"><${Note} tone=${of.offline ? 'wait' : 'no'} icon=${of.offline ? 'off' : 'warn'}>
    ${problemText(of, Boolean(retry))} ${retry && html`<button class="btn quiet xs" type="button" onClick=${retry}>${t('again')}</button>`}<//></div>`;

/** Above a list that may be old: 上次更新 7:58. */
export const Stale = ({ data }) => data.problem && data.at && html`<p class="cap h"><${Icon} of=${data.problem.offline ? 'off' : 'clock'}/>
    <span>${t(data.problem.offline ? 'stale' : 'stale.old', { time: timeText(new Date(data.at + ahead + zone).toISOString()) })}</span></p>`;

/** Placeholder lines, after 400 ms. */
export function Skeleton({ lines = 3 }) {
    const [shown, show] = useState(false);

    useEffect(() => {
        const timer = setTimeout(() => show(true), 400);

        return () => clearTimeout(timer);
    }, []);
    return html`<div class="card v v2" role="status" hidden=${!shown}><span class="sr">${t('loading')}</span>
        ${Array.from({ length: lines }, (_, i) => html`<div key=${i} class="sk ${i % 3 ? '' : 'half'}"></div>`)}</div>`;
}

/** Three seats, a line and one button (children). */
export const Empty = ({ title, text, children }) => html`<div class="empty">
    <svg class="art" viewBox="0 0 150 66" aria-hidden="true">${[8, 56, 104].map((x) => html`<path class="fw" d="M${x} 50v-34q0-8 8-8h22q8 0 8 8v34z"/>
        <rect class="f1" x=${x - 2} y="50" width="42" height="8"/>`)}<path class="l1" d="M65 29l7 7 13-14"/></svg>
    <h2>${title}</h2><p>${text}</p>${children}</div>`;

/** What a page shows of useData() before it has a value: placeholder, problem, or nothing. */
export const Waiting = ({ data }) => (data.problem ? html`<${ProblemNote} of=${data.problem} retry=${data.reload}/>` : html`<${Skeleton}/>`);

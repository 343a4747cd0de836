// list.js: what lists of staff pages share: pages of an answer, a search field that waits for the end of a word, the width.

import { get } from '../api.js';
import { html, t, problemText, useData, useEffect, useRef, useState, Icon, Note } from '../ui.js';

/** A list of the API, page after page: useData() and { items, next, loadMore, busy, refused }. */
export function usePages(path, options) {
    const first = useData(path, options);
    const [more, setMore] = useState({});
    const mine = more.path === path && more.of === first.value ? more : { items: [], next: first.value?.next };

    async function loadMore() {
        const page = { ...mine, path, of: first.value };

        setMore({ ...page, busy: true });
        try {
            const answer = await get(`${path}${path.includes('?') ? '&' : '?'}after=${encodeURIComponent(mine.next)}`);

            setMore({ ...page, items: [...mine.items, ...answer.items], next: answer.next });
        } catch (refused) {
            setMore({ ...page, refused });
        }
    }

    return { ...first, items: first.value && [...first.value.items, ...mine.items], next: mine.next, busy: mine.busy, refused: mine.refused, loadMore };
}

/** Under a list: how many are shown, and the next ones. */
export const More = ({ of }) => html`${of.refused && html`<div role="alert"><${Note} tone="no">${problemText(of.refused)}<//></div>`}
    ${of.next && html`<div class="h wrap"><span class="cap g">${t('list.shown', { n: of.items.length })}</span>
        <button class="btn" type="button" disabled=${of.busy} onClick=${of.loadMore}>${t(of.busy ? 'loading' : 'list.more')}</button></div>`}`;

/** Calls onSearch a moment after the last letter; a word that is being composed is not searched for. */
export function Search({ label, onSearch }) {
    const timer = useRef(0);
    const [text, set] = useState('');

    function later(value, composing) {
        set(value);
        clearTimeout(timer.current);
        if (!composing) {
            timer.current = setTimeout(() => onSearch(value.trim()), 350);
        }
    }

    useEffect(() => () => clearTimeout(timer.current), []);
    return html`<span class="search"><${Icon} of="find"/><input class="in" type="search" aria-label=${label} placeholder=${label} value=${text} maxlength="40" autocomplete="off"
        onInput=${(e) => later(e.target.value, e.isComposing)} onCompositionEnd=${(e) => later(e.target.value)}/></span>`;
}

/** A filter over a table. options: [{ value, label }]; the first is for all. */
export const Select = ({ label, all, options, value, onChange }) => html`<select class="in" aria-label=${label} onChange=${(e) => onChange(e.target.value)}>
    <option value="" selected=${!value}>${all}</option>${options.map((one) => html`<option key=${one.value} value=${one.value} selected=${one.value === value}>${one.label}</option>`)}</select>`;

/** Is the window at least so wide? */
export function useWide(rem) {
    const [query] = useState(() => matchMedia(`(min-width:${rem}rem)`));
    const [wide, set] = useState(query.matches);

    useEffect(() => {
        const change = () => set(query.matches);

        query.addEventListener('change', change);
        return () => query.removeEventListener('change', change);
    }, []);
    return wide;
}

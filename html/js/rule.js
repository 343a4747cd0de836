// rule.js: the numbers on which documents or counties disagree, with where they come from: for wherever they decide.

import { get } from './api.js';
import { html, t, loadTexts, problemText, timeText, useEffect, useState, Icon, Note, Skeleton } from './ui.js';

/** Where a value comes from, in a sentence. Its words are in locale file "rules". */
export function originText({ origin, source }) {
    if (!origin) {
        return source.startsWith('proposal') ? t('rule.origin.proposal') : t('rule.origin.default', { source });
    }
    return t(origin.by ? 'rule.origin.by' : 'rule.origin', { unit: origin.unit_name, name: origin.by, time: timeText(origin.since), why: origin.reason });
}

function List({ of, path, only }) {
    const [state, set] = useState({});

    useEffect(() => {
        Promise.all([of || get(path).then(({ items }) => items), loadTexts(['rules'])]).then(([items]) => set({ items }), (problem) => set({ problem }));
    }, [path, of]);

    const items = state.items?.filter(({ key }) => !only || only.includes(key));

    return state.problem ? html`<${Note} tone="no">${problemText(state.problem)}<//>` : !items ? html`<${Skeleton} lines=${2}/>`
        : html`<dl class="facts">${items.map((rule) => html`<div key=${rule.key}><dt>${rule.label}</dt><dd><b class="n">${rule.value}</b> ${rule.unit_label}<br/><span class="sm mut">${originText(rule)}</span></dd></div>`)}</dl>`;
}

/** A button that shows by which numbers something is decided or due, and whose they are. of: the rules, or path: where they are asked
 *  for once somebody wants to know (<record>/<id>/rules, rules?unit_id=); only: the keys of those that matter here. */
export function Rules({ of, path, only }) {
    const [open, set] = useState(false);

    return html`<div class="v v2"><div class="h"><button class="btn quiet xs" type="button" aria-expanded=${String(open)} onClick=${() => set(!open)}><${Icon} of="list"/>${t('rule.show')}</button></div>
        ${open && html`<${List} of=${of} path=${path} only=${only}/>`}</div>`;
}

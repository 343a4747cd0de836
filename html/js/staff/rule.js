// rule.js: a number that documents or counties disagree on, with where it comes from. For use wherever such a number decides.

import { get } from '../api.js';
import { html, t, timeText, useEffect, useState, Icon } from '../ui.js';

const asked = new Map();                                              // unit → promise of its rules; a page asks once

/** The rules of a unit ('': the reader's own), or undefined. */
export function useRules(unit = '') {
    const [rules, set] = useState(undefined);

    useEffect(() => {
        if (!asked.has(unit)) {
            asked.set(unit, get(`rules${unit && `?unit_id=${unit}`}`).then(({ items }) => items));
            asked.get(unit).catch(() => {}).then(() => setTimeout(() => asked.delete(unit), 60e3));
        }
        asked.get(unit).then(set, () => {});
    }, [unit]);
    return rules;
}

/** Where a value comes from, in a sentence. */
export function originText({ origin, source }) {
    if (!origin) {
        return source.startsWith('proposal') ? t('rule.origin.proposal') : t('rule.origin.default', { source });
    }
    return t(origin.by ? 'rule.origin.by' : 'rule.origin', { unit: origin.unit_name, name: origin.by, time: timeText(origin.since), why: origin.reason });
}

/** The number, and its origin behind a button. of: a rule of GET rules; or key and unit, which are asked for. */
export function RuleValue({ of, rule: key, unit, label }) {
    const rules = useRules(of ? undefined : unit);
    const rule = of || rules?.find((one) => one.key === key);
    const [open, set] = useState(false);

    return rule ? html`<span class="rule">${label && html`${rule.label} `}<button class="btn quiet xs" type="button" aria-expanded=${String(open)} onClick=${() => set(!open)}><b class="n">${rule.value}</b> ${rule.unit_label}<${Icon} of="shield"/><span class="sr">${t('rule.whence')}</span></button>
        ${open && html`<span class="sm mut" role="status">${originText(rule)}</span>`}</span>` : null;
}

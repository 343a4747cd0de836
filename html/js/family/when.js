// when.js: the days of a leave on a form, whoever fills it in: quick choices, the picker, what it would mean, what is in the way.

import { get } from '../api.js';
import { Choice, FieldError } from '../parts.js';
import { html, t, days, dayText, spanText, unbroken, useEffect, useState, Note, Span } from '../ui.js';
import { Picker, slotDate, slotHalf } from './picker.js';
import { Rules } from '../rule.js';
import { backText } from './words.js';

/* What the server is asked for a pair of half-days. */
export const asked = (form, calendar) => ({
    student_id: form.student_id,
    starts_on: slotDate(form.from), starts_period: calendar.periods(form.from)[0],
    ends_on: slotDate(form.to), ends_period: calendar.periods(form.to)[1],
});

export const shown = ({ from, to }) => ({
    starts_on: slotDate(from), starts_half: slotHalf(from), ends_on: slotDate(to), ends_half: slotHalf(to),
});

/** What handing in would mean, a moment after the last tap. */
export function usePreview(form, calendar) {
    const [answer, set] = useState({});
    const ask = form.to && calendar ? new URLSearchParams(asked(form, calendar)).toString() : '';

    useEffect(() => {
        const stop = new AbortController();
        const timer = ask && setTimeout(() => {
            get(`leave-requests/preview?${ask}`, { signal: stop.signal, patience: 0 }).then((value) => set({ ask, value }),
                (problem) => problem.name !== 'AbortError' && set({ ask, problem }));
        }, 300);

        return () => { clearTimeout(timer); stop.abort(); };
    }, [ask]);
    return answer.ask === ask ? answer : {};
}

/** The slip in the way, and what to do instead; the shorter leave when the term ends. place: where slips are read. */
export function Obstacle({ conflict, extension, past, place, calendar, change }) {
    const take = (o, more) => change({ ...(o.starts_on && { from: calendar.slotOf(o.starts_on, o.starts_period) }),
        to: calendar.slotOf(o.ends_on, o.ends_period), quick: 'own', ...more });

    if (conflict) {
        const span = spanText(shown({ from: calendar.slotOf(conflict.starts_on, conflict.starts_period),
            to: calendar.slotOf(conflict.ends_on, conflict.ends_period) }));

        return html`<${Note} tone="wait" icon="leave"><p>${unbroken(t('leave.form.conflict', { span }))} <a href="#/${place}/${conflict.id}">${t('leave.form.conflict.see')}</a></p>
            ${extension && html`<button class="btn xs" type="button" onClick=${() => take(extension, { extends_id: extension.extends_id || conflict.id })}>
                ${t('leave.form.conflict.extend', { date: dayText(extension.ends_on) })}</button>`}<//>`;
    }
    return past && html`<${Note} tone="wait"><p>${t('leave.form.past_term', { date: dayText(past.ends_on) })}</p>
        <button class="btn xs" type="button" onClick=${() => take(past)}>${t('leave.form.past_term.take', { date: dayText(past.ends_on), days: days(past.school_days) })}</button><//>`;
}

/** Under the span: how long altogether, who decides (route), when the child is back. */
function Meaning({ preview, route }) {
    const { school_days: n, chain_days: chain } = preview;

    return html`<p class="cap">${t('leave.form.only_school_days')}
        ${chain > n && html`<br/>${t('leave.form.chain', { days: days(chain) })}`}${route}
        ${preview.back_on && html`<br/>${t('leave.form.back', { back: backText(preview) })}`}</p>
        ${preview.rules && html`<${Rules} of=${preview.rules}/>`}`;
}

/** form: { from, to, quick }; answer: of usePreview(); extended: the leave that is prolonged; route: a line about who decides. */
export function When({ form, change, extended, answer, route, errors, calendar }) {
    const preview = answer.value || {};
    const quick = calendar.quick();
    const fixed = extended && calendar.days.has(extended.back_on) ? calendar.slotOf(extended.back_on, extended.back_period) : '';
    const own = fixed || form.quick === 'own';
    const chosen = (value) => change(value === 'own' ? { quick: 'own' } : { quick: value, from: quick[value].from, to: quick[value].to });

    return html`<div class="v v2">${fixed ? html`<p class="lab">${t('leave.form.until')}</p>`
        : html`<${Choice} name="when" label=${t('leave.form.when')} tight value=${form.quick} onChange=${chosen} error=${errors.when}
            choices=${[...quick.map((one, i) => ({ value: String(i), label: one.label })), { value: 'own', label: t('leave.form.own') }]}/>`}
        ${own && html`<${Picker} calendar=${calendar} from=${form.from} to=${form.to} fixed=${fixed} choose=${(from, to) => change({ from, to })}/>`}
        ${fixed && html`<${FieldError} id="when">${errors.when}<//>`}
        ${form.to && html`<${Span} of=${{ ...shown(form), school_days: preview.school_days ?? calendar.count(form.from, form.to) }}/>
        <${Meaning} preview=${preview} route=${route}/>`}
        <${FieldError} id="span">${errors.span || (answer.problem?.status === 422 && answer.problem.errors[0]?.message)}<//></div>`;
}

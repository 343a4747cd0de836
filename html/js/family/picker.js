// picker.js: a week of days, each with a morning and an afternoon: tap the first half-day, tap the last. And the sums on
// half-days that a phone can do without the server.

import { html, t, addDays, dateText, dayText, monday, now, today, weekdayName, Icon, useState } from '../ui.js';

/* A half-day is "2026-11-25 am": such texts sort as time goes. */
const slot = (date, half) => `${date} ${half}`;
export const slotDate = (s) => s.slice(0, 10);
export const slotHalf = (s) => s.slice(11);

const BACK_DAYS = 7;                                                  // how far back a forgotten slip may reach

export class Calendar {
    constructor(answer) {
        this.days = new Map(answer.days.map((day) => [day.date, day]));
        this.first = answer.days[0].date;
        this.last = answer.days[answer.days.length - 1].date;
    }

    /** Can be asked for: a half-day with lessons, at most a week ago. */
    open(s) {
        return Boolean(this.days.get(slotDate(s))?.[slotHalf(s)]) && slotDate(s) >= addDays(today(), -BACK_DAYS);
    }

    /** Over: its last bell has rung. */
    past(s) {
        const day = this.days.get(slotDate(s));
        const last = day?.periods?.[(slotHalf(s) === 'am' ? day.am : day.am + day.pm) - 1];

        return slotDate(s) < today() || (slotDate(s) === today() && Boolean(last) && now().slice(11) >= last[1]);
    }

    /** First and last period of a half-day. */
    periods(s) {
        const { am, pm } = this.days.get(slotDate(s));

        return slotHalf(s) === 'am' ? [1, am] : [am + 1, am + pm];
    }

    /** The half-day in which a period lies. */
    slotOf(date, period) {
        return slot(date, period > (this.days.get(date)?.am ?? 4) ? 'pm' : 'am');
    }

    count(from, to) {
        let n = 0;

        for (const [date, day] of this.days) {
            n += ['am', 'pm'].filter((half) => day[half] && slot(date, half) >= from && slot(date, half) <= to).length;
        }
        return n / 2;
    }

    /** 今天下午, 明天一天, …: [{ label, from, to }] */
    quick() {
        const next = [...this.days.keys()].find((date) => date > today() && (this.days.get(date).am || this.days.get(date).pm));
        const whole = (date) => ({ from: slot(date, this.days.get(date).am ? 'am' : 'pm'), to: slot(date, this.days.get(date).pm ? 'pm' : 'am'), date });
        const here = ['am', 'pm'].filter((half) => this.open(slot(today(), half)) && !this.past(slot(today(), half)));

        return [
            ...(here.length === 2 ? [{ ...whole(today()), key: 'day' }] : []),
            ...here.slice(-1).map((half) => ({ from: slot(today(), half), to: slot(today(), half), date: today(), key: half })),
            ...(next ? [{ ...whole(next), key: 'day' }] : []),
        ].map((one) => ({ ...one, label: t(`leave.form.quick.${one.key}`, { date: one.date <= addDays(today(), 1) ? dayText(one.date) : weekdayName(one.date) }) }));
    }
}

function Day({ date, calendar, from, to, fixed, pick }) {
    const day = calendar.days.get(date);
    const number = Number(date.slice(8));

    if (!day || !(day.am || day.pm)) {
        return html`<div class="day off"><span class="n">${number}</span><small>${t(day?.kind === 'holiday' || day?.kind === 'weekend' || day?.kind === 'closed' ? 'leave.form.off' : 'leave.form.none')}</small></div>`;
    }
    return html`<div class="day ${date === today() ? 'now' : ''}"><span class="n">${number}</span>${['am', 'pm'].map((half) => {
        const s = slot(date, half);
        const open = calendar.open(s) && (!fixed || s >= fixed);

        return html`<button key=${half} type="button" disabled=${!open} class=${calendar.past(s) ? 'past' : ''} aria-pressed=${String(Boolean(from) && s >= from && s <= (to || from))}
            aria-label=${t('span.one', { date: `${dateText(date)} ${weekdayName(date)}`, half: t(`half.${half}`) })} onClick=${() => pick(s)}>${open ? t(`leave.form.${half}`) : '—'}</button>`;
    })}</div>`;
}

/** from, to: half-days or ''; fixed: the first half-day when it cannot be chosen (an extension); choose(from, to). */
export function Picker({ calendar, from, to, fixed, choose }) {
    const [week, setWeek] = useState(monday(slotDate(from || fixed || `${today()} am`)));
    const [open, setOpen] = useState(false);                           // the last half-day is still to be tapped
    const end = addDays(week, 6);

    function pick(s) {
        if (fixed) {
            choose(fixed, s);
        } else if (open && s >= from) {
            choose(from, s);
            setOpen(false);
        } else {
            choose(s, s);
            setOpen(true);
        }
    }

    return html`<div class="card v v2"><div class="h"><b class="g" aria-live="polite">${t('span.weeks', { from: dateText(week), first: Number(week.slice(8)), to: week.slice(5, 7) === end.slice(5, 7)
            ? t('date.day.short', { d: Number(end.slice(8)), month: t(`date.month.${Number(end.slice(5, 7))}`) }) : dateText(end) })}</b>
        <button class="ib" type="button" aria-label=${t('leave.form.week_before')} disabled=${week <= calendar.first} onClick=${() => setWeek(addDays(week, -7))}><${Icon} of="l"/></button>
        <button class="ib" type="button" aria-label=${t('leave.form.week_after')} disabled=${end >= calendar.last} onClick=${() => setWeek(addDays(week, 7))}><${Icon} of="r"/></button></div>
        <div class="pick" role="group" aria-label=${t('leave.form.pick')}>${[1, 2, 3, 4, 5, 6, 7].map((n) => html`<b key=${n}>${t(`date.weekday.short.${n}`)}</b>`)}
            ${[0, 1, 2, 3, 4, 5, 6].map((n) => html`<${Day} key=${addDays(week, n)} date=${addDays(week, n)} ...${{ calendar, from, to, fixed, pick }}/>`)}</div>
        <p class="cap" aria-live="polite">${fixed ? t('leave.form.pick_end') : open ? t('leave.form.pick_last') : t('leave.form.pick')}</p></div>`;
}

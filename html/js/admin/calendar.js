// calendar.js: what the pages of the school calendar share: their frame with the parts and the choice of a unit, the words of
// terms and days. The county looks at itself or a school, a school at itself or one of its classes.

import { can, go, session } from '../frame.js';
import { html, t, dateText, today, useData, weekdayName } from '../ui.js';
import { Desk } from '../staff/desk.js';

const PARTS = ['', 'terms', 'days', 'closures', 'timetable'];

/** School years begin on 1 August. */
export const schoolYear = (date = today()) => Number(date.slice(0, 4)) - (date.slice(5) < '08-01' ? 1 : 0);
export const yearName = (year) => t('cal.year.name', { from: year, to: year + 1 });

/** 9月1日 周二. */
export const dayName = (date) => t('date.with_weekday', { date: dateText(date), wd: weekdayName(date) });
export const spanName = (from, to) => (from === to ? dayName(from) : `${dayName(from)} – ${dayName(to)}`);

const mine = () => session().positions[0];

/** The unit a page is about: of its address, else the reader's school or own unit. */
export const unitOf = (query) => query.unit || mine().school_id || mine().unit_id;

const pathOf = (part, unit, year) => {
    const search = new URLSearchParams({ ...(unit && { unit }), ...(year && { year }) }).toString();

    return `calendar${part && `/${part}`}${search && `?${search}`}`;
};



/** A school of the county, a class of the school. */
function Units({ part, query }) {
    const top = !mine().school_id;
    const schools = useData(top ? 'org-units?level=school&limit=200' : '').value?.items;
    const school = mine().school_id || query.school || (schools?.some((one) => one.id === query.unit) ? query.unit : '');
    const classes = useData(school && can('unit.read') ? `classes?school_id=${school}` : '').value?.items;
    const unit = unitOf(query);
    const choose = (id, of) => go(`${pathOf(part, id, query.year)}${of ? `&school=${of}` : ''}`);

    return html`${top && html`<select class="in" aria-label=${t('cal.unit')} onChange=${(e) => choose(e.target.value)}>
            <option value=${mine().unit_id} selected=${unit === mine().unit_id}>${mine().unit_name}</option>
            ${schools?.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === school}>${one.name}</option>`)}</select>`}
        ${classes?.length > 0 && html`<select class="in" aria-label=${t(top ? 'cal.unit.class' : 'cal.unit')} onChange=${(e) => choose(e.target.value, top && e.target.value !== school && school)}>
            <option value=${school} selected=${unit === school}>${t('cal.unit.school')}</option>
            ${classes.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === unit}>${one.name}</option>`)}</select>`}`;
}

/** tools: buttons beside the title; units: false when the page is not about one unit. */
export function Calendar({ part = '', query = {}, tools, units = true, children }) {
    return html`<${Desk} title=${t('cal.title')} crumb=${mine().school_name || mine().unit_name} current="#/calendar" tools=${tools}>
        <nav class="parts" aria-label=${t('cal.tabs')}>${PARTS.map((one) => html`<a key=${one} href="#/${pathOf(one, query.unit, query.year)}${query.school ? `&school=${query.school}` : ''}"
            aria-current=${one === part ? 'page' : undefined}>${t(`cal.tab.${one || 'year'}`)}</a>`)}</nav>
        ${units && html`<div class="tools"><${Units} part=${part} query=${query}/></div>`}
        ${children}<//>`;
}

/** ‹ 2026–2027 › */
export const Years = ({ part = '', query, year }) => html`<div class="h"><a class="btn xs" href="#/${pathOf(part, query.unit, year - 1)}" aria-label=${t('cal.prev')}>‹</a>
    <h2 class="n">${yearName(year)}</h2><a class="btn xs" href="#/${pathOf(part, query.unit, year + 1)}" aria-label=${t('cal.next')}>›</a></div>`;

/** Whose a term or a day is. */
export const whose = (item) => t(`cal.from.${item.place}`, { unit: item.unit_name });

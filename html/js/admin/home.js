// home.js: where administration begins: what a school still needs before the term, each with the page where it is done, and the
// places of administration.

import { session } from '../frame.js';
import { html, t, dateText, knows, useData, Icon, Note, Waiting } from '../ui.js';
import { isAdmin } from '../staff/desk.js';
import { Admin, Row } from './parts.js';

/* Where each item of the list is done. */
const WHERE = {
    unit: (school) => `#/org-units/${school}`, term: () => '#/calendar', classes: (school) => `#/org-units/${school}?do=classes`, accounts: (school) => `#/accounts/bulk?school=${school}`,
    positions: (school) => `#/org-units/${school}`, roster: () => '#/imports', slips: () => '#/slips',
};

function said(item) {
    switch (item.key) {
    case 'term':
        return item.starts_on ? t('setup.term.is', { from: dateText(item.starts_on), to: dateText(item.ends_on), of: item.of }) : t('setup.term.no');
    case 'accounts':
        return t(item.n ? 'setup.accounts.n' : 'setup.accounts.no', { n: item.n, signed: item.signed_in });
    case 'positions':
        return item.no_teacher ? t('setup.positions.teachers', { n: item.no_teacher }) : t(item.offices < 3 ? 'setup.positions.offices' : item.done ? 'setup.positions.ok' : 'setup.positions.no');
    case 'roster':
        return t(item.waiting ? 'setup.roster.waiting' : !item.n ? 'setup.roster.no' : item.rejected ? 'setup.roster.rejected' : 'setup.roster.n', { n: item.n, rejected: item.rejected });
    case 'slips':
        return t(item.n ? 'setup.slips.n' : 'setup.slips.no', { n: item.n, active: item.active, codes: item.codes });
    case 'unit':
        return item.done ? t('setup.unit.ok', { code: item.code }) : t('setup.unit.no');
    default:
        return t(item.n ? `setup.${item.key}.n` : `setup.${item.key}.no`, { n: item.n });
    }
}

/* The term is the business of whoever keeps the calendar: a link only where there is such a page. */
const hrefOf = (item, school) => {
    const href = WHERE[item.key](school);

    return item.key === 'term' && !session().menu.some((entry) => entry.href === href) ? '' : href;
};

function Item({ item, school, next }) {
    const href = hrefOf(item, school);

    return html`<li class="li ${next ? 'soon' : ''}"><${Icon} of=${item.done ? 'check' : 'clock'}/><span class="g"><b>${t(`setup.${item.key}`)}</b><span class="sr">${t(item.done ? 'setup.done' : 'setup.open')}</span><br/>
        <span class="sm mut">${said(item)}</span></span>${href && html`<a class="btn ${next ? 'pri' : ''} xs" href=${href} aria-label=${t('setup.go.of', { what: t(`setup.${item.key}`) })}>${t(item.done ? 'setup.see' : 'setup.go')}</a>`}</li>`;
}

function Setup({ school }) {
    const data = useData(`setup?school_id=${school}`, { kept: false });
    const { items, school_name: name } = data.value || {};
    const left = items?.filter((item) => !item.done) || [];
    const next = left.find((item) => hrefOf(item, school));

    return items ? html`<section class="card flush sheet" aria-labelledby="setup"><div class="v v2 pad"><h2 id="setup">${t(left.length ? 'setup.title' : 'setup.ready', { name, n: left.length })}</h2>
        <progress max=${items.length} value=${items.length - left.length} aria-label=${t('setup.progress', { n: items.length - left.length, all: items.length })}></progress></div>
        <ul>${items.map((item) => html`<${Item} key=${item.key} item=${item} school=${school} next=${item === next}/>`)}</ul></section>` : html`<${Waiting} data=${data}/>`;
}

export default function Home({ query }) {
    const school = query.school || session().positions.find((one) => one.role === 'admin' && one.school_id)?.school_id;
    const places = session().menu.filter((entry) => isAdmin(entry) && entry.key !== 'admin');

    return html`<${Admin} title=${t('menu.admin')} crumb=${session().positions[0]?.unit_name || ' '} current="#/admin">
        ${school ? html`<${Setup} school=${school}/>` : html`<${Note} icon="pin">${t('setup.which')} <a href="#/org-units">${t('setup.which.go')}</a><//>`}
        <section class="card flush sheet">${places.map((entry) => html`<${Row} key=${entry.key} href=${entry.href} icon=${entry.icon} title=${entry.label} text=${knows(`${entry.key}.text`) ? t(`${entry.key}.text`) : ''}/>`)}</section><//>`;
}

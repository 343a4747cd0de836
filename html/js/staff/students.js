// students.js: children by school, class and seat, or by name.

import { can, session } from '../frame.js';
import { html, t, dots, useData, useState, Empty, Icon, Seat, Stale, Waiting } from '../ui.js';
import { Desk, useLeave } from './desk.js';
import { Export } from './export.js';
import { More, Search, usePages } from './list.js';

/* How a child's seat looks today, by what leave says. */
function stateOf(items, id) {
    const mine = items?.filter((one) => one.student_id === id) || [];

    return mine.some((one) => one.state === 'overdue') ? 'overdue' : mine.some((one) => one.state === 'away') ? 'away' : '';
}

const Child = ({ child, items, several }) => {
    const state = stateOf(items, child.id);
    const words = [child.seat_no && t('students.seat', { n: child.seat_no }), several && child.class_name, state && t(`students.${state}`)];

    return html`<a class="stu seatcard ${state}" href="#/students/${child.id}"><${Seat} name=${child.name} out=${state === 'overdue'}/><span><b>${child.name}</b><small>${dots(...words)}</small></span></a>`;
};

const Seats = ({ list, items, several }) => html`<div class="seatgrid">${list.items.map((child) => html`<${Child} key=${child.id} child=${child} items=${items} several=${several}/>`)}</div>`;

function Found({ q, items }) {
    const list = usePages(`students?q=${encodeURIComponent(q)}`, { kept: false });

    return !list.items ? html`<${Waiting} data=${list}/>` : !list.items.length ? html`<div class="card"><${Empty} title=${t('list.nothing')} text=${t('students.nothing')}/></div>`
        : html`<${Seats} list=${list} items=${items} several/><${More} of=${list}/>`;
}

function OneClass({ entry, items }) {
    const list = usePages(`students?class_id=${entry.id}&limit=100`, { kept: false });

    return !list.items ? html`<${Waiting} data=${list}/>` : !list.items.length ? html`<div class="card"><${Empty} title=${t('students.none')} text=${t('students.none.text')}/></div>`
        : html`<${Seats} list=${list} items=${items}/><${More} of=${list}/>`;
}

/** Classes by grade: three of a grade side by side. */
function Classes({ items }) {
    const grades = new Map();

    for (const one of items) {
        const key = `${one.stage}.${one.entry_year}`;

        grades.set(key, [...(grades.get(key) || []), one]);
    }
    return html`<div class="v">${[...grades.entries()].map(([key, group]) => html`<div key=${key} class="classgrid">${group.map((one) => html`<a key=${one.id} class="card classcard" href="#/students?class=${one.id}">
        <b>${one.name}</b><span class="mut n">${t('desk.children_n', { n: one.students })}</span><span class="sm mut">${one.teacher || t('students.no_teacher')}</span></a>`)}</div>`)}</div>`;
}

const Schools = () => {
    const list = usePages('org-units?level=school&limit=100', { kept: false });

    return !list.items ? html`<${Waiting} data=${list}/>` : !list.items.length ? html`<div class="card"><${Empty} title=${t('students.no_schools')} text=${t('students.no_schools.text')}/></div>`
        : html`<div class="card flush sheet">${list.items.map((one) => html`<a key=${one.id} class="li" href="#/students?school=${one.id}"><b class="g">${one.name}</b><span class="sm mut n">${one.code}</span><${Icon} of="r"/></a>`)}</div>
        <${More} of=${list}/>`;
};

/** The class or classes to show of one school. */
function useSchool({ query, q, items, schools }) {
    const school = query.school || schools[0];
    const classes = useData(`classes?school_id=${school}`);
    const all = classes.value?.items;
    const entry = all?.find((one) => one.id === query.class) || (all?.length === 1 ? all[0] : null);

    return { classes, all, entry, body: q ? html`<${Found} key=${q} q=${q} items=${items}/>` : !all ? html`<${Waiting} data=${classes}/>`
        : entry ? html`<${OneClass} key=${entry.id} entry=${entry} items=${items}/>`
            : all.length ? html`<${Classes} items=${all}/>` : html`<div class="card"><${Empty} title=${t('desk.roster.none')} text=${t('desk.roster.none.text')}>
                ${can('roster.import') && html`<a class="btn pri" href="#/imports"><${Icon} of="up"/>${t('desk.roster.import')}</a>`}<//></div>` };
}

/* A class says which school it is of. */
function useSchools(query) {
    const own = [...new Set(session().positions.map((one) => one.school_id).filter(Boolean))];
    const unit = useData(query.class && !query.school && own.length !== 1 ? `org-units/${query.class}` : '');

    if (query.school || unit.value?.school_id) {
        return [query.school || unit.value.school_id];
    }
    return own;
}

function WithSchool({ query, schools, search, q }) {
    const { items } = useLeave();
    const { classes, all, entry, body } = useSchool({ query, q, items, schools });
    const above = !session().positions.some((one) => one.school_id);
    const crumbs = html`${above && html`<a href="#/students">${t('students.schools')}</a> / `}${entry && all.length > 1 ? html`<a href="#/students?school=${schools[0]}">${t('desk.classes')}</a>`
        : entry ? entry.teacher && t('students.teacher', { name: entry.teacher }) : session().positions[0]?.school_name || ''}`;

    return html`<${Desk} title=${q ? t('menu.students') : entry ? t('students.of', { name: entry.name, n: entry.students }) : t('desk.classes')} crumb=${crumbs} current="#/students"
        tools=${html`<div class="tools">${entry && can('import.slips') && html`<a class="btn" href="#/slips/${entry.id}"><${Icon} of="print"/>${t('desk.slips')}</a>`}
            <${Export} record="students" query=${q ? { q } : entry ? { class_id: entry.id } : { school_id: schools[0] }}/></div>`}>
        <div class="tools">${search}</div><${Stale} data=${classes}/>${body}<//>`;
}

export default function Students({ query }) {
    const [q, setQ] = useState('');
    const { items } = useLeave();
    const schools = useSchools(query);
    const search = html`<${Search} key="q" label=${t('slips.search')} onSearch=${setQ}/>`;

    if (schools.length) {
        return html`<${WithSchool} query=${query} schools=${schools} search=${search} q=${q}/>`;
    }
    return html`<${Desk} title=${t('menu.students')} crumb=${session().positions[0]?.unit_name || ''} current="#/students" tools=${html`<a class="btn" href="#/org-units"><${Icon} of="list"/>${t('org-units')}</a>`}>
        <div class="tools">${search}</div>${q ? html`<${Found} key=${q} q=${q} items=${items}/>` : html`<${Schools}/>`}<//>`;
}

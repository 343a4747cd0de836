// system.js: the server and its jobs, for whoever keeps it running: what is well, what is not, and what to do about it.

import { html, t, knows, timeText, useData, Badge, Icon, Note, Stale, Waiting } from '../ui.js';
import { Desk } from '../staff/desk.js';

const TONES = { ok: ['ok', 'check'], running: ['info', 'sync'], late: ['wait', 'clock'], never: ['draft', 'clock'], failed: ['no', 'x'] };

const span = (seconds) => {
    const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];

    return days ? t('system.days_hours', { days, hours }) : hours ? t('system.hours_minutes', { hours, minutes }) : t('system.minutes', { minutes });
};
const every = (seconds) => (seconds % 86400 === 0 ? t('system.every.days', { n: seconds / 86400 }) : seconds % 3600 === 0 ? t('system.every.hours', { n: seconds / 3600 })
    : seconds % 60 === 0 ? t('system.every.minutes', { n: seconds / 60 }) : t('system.every.seconds', { n: seconds }));
const gigabytes = (bytes) => t('system.gigabytes', { n: (bytes / 2 ** 30).toFixed(1) });

const Fact = ({ name, children }) => html`<div><dt>${t(`system.${name}`)}</dt><dd>${children}</dd></div>`;

function Findings({ items }) {
    const worse = items.filter((one) => one.level !== 'ok');

    return html`<section class="v v2"><h2>${t('system.findings')}</h2>${worse.length === 0 && html`<${Note} tone="ok">${t('system.well', { n: items.length })}<//>`}
        ${worse.map((one) => html`<${Note} key=${one.check} tone=${one.level === 'fault' ? 'no' : 'wait'}><b>${one.text}</b><p class="sm">${one.mend}</p><//>`)}
        ${items.length > worse.length && html`<details class="card"><summary>${t('system.all_checks', { n: items.length - worse.length })}</summary><ul>${items.filter((one) => one.level === 'ok').map((one) => html`<li key=${one.check} class="h"><${Icon} of="check"/>${one.text}</li>`)}</ul></details>`}</section>`;
}

function Jobs({ data }) {
    const items = data.value?.items;

    return html`<section class="v v2"><h2 id="jobs">${t('system.jobs')}</h2>${!items ? html`<${Waiting} data=${data}/>` : html`<div class="tw" tabindex="0" role="region" aria-labelledby="jobs"><table class="tb tight cards"><thead><tr>
        ${['job', 'every', 'ran_at', 'result', 'node', 'next_at'].map((name) => html`<th key=${name} scope="col">${t(`system.job.${name}`)}</th>`)}</tr></thead><tbody>${items.map((job) => html`<tr key=${job.name}>
            <td data-label=${t('system.job.job')}><span>${job.label}<br/><span class="cap">${job.name}</span></span></td><td data-label=${t('system.job.every')}>${every(job.every)}</td>
            <td data-label=${t('system.job.ran_at')} class="n">${job.ran_at ? timeText(job.ran_at) : '—'}</td>
            <td data-label=${t('system.job.result')}><span><${Badge} tone=${TONES[job.state][0]} icon=${TONES[job.state][1]}>${t(`system.state.${job.state}`)}<//>${job.state === 'failed' && html`<br/><span class="sm">${job.result}</span>`}</span></td>
            <td data-label=${t('system.job.node')} class="sm">${job.node || '—'}</td><td data-label=${t('system.job.next_at')} class="n">${timeText(job.next_at)}</td></tr>`)}</tbody></table></div>`}</section>`;
}

export default function System() {
    const data = useData('system', { kept: false });
    const jobs = useData('jobs', { kept: false });
    const { value } = data;

    return html`<${Desk} title=${t('system.title')} current="#/system" tools=${html`<button class="btn" type="button" onClick=${() => { data.reload(); jobs.reload(); }}><${Icon} of="again"/>${t('system.again')}</button>`}>
        <${Stale} data=${data}/>${!value ? html`<${Waiting} data=${data}/>` : html`<${Findings} items=${value.findings}/>
        <section class="card v"><h2>${t('system.server')}</h2><dl class="facts">
            <${Fact} name="version">${value.version}<//><${Fact} name="uptime">${span(value.uptime_seconds)}<//>
            <${Fact} name="schema">${value.database.schema === value.database.schema_newest ? t('system.schema.current', { n: value.database.schema }) : t('system.schema.behind', { n: value.database.schema, newest: value.database.schema_newest })}<//>
            <${Fact} name="database">${value.database.version}<//><${Fact} name="latency">${t('system.ms', { n: value.database.milliseconds.toFixed(1) })}<//>
            <${Fact} name="connections">${t('system.connections.text', { open: value.connections.open, idle: value.connections.idle })}<//>
            <${Fact} name="statements">${t('system.statements.text', { n: value.connections.statements, ms: value.connections.mean_milliseconds.toFixed(2) })}<//>
            <${Fact} name="lost">${value.connections.lost}<//>
            <${Fact} name="disk">${value.attachments ? t('system.disk.text', { free: gigabytes(value.attachments.free_bytes), total: gigabytes(value.attachments.total_bytes) }) : t('system.disk.none')}<//>
            <${Fact} name="plugins">${value.plugins.map((name) => (knows(`plugin.${name}`) ? t(`plugin.${name}`) : name)).join(t('desk.comma'))}<//></dl>
            <p class="cap">${t('system.node_only')}</p></section>`}
        <${Jobs} data=${jobs}/><//>`;
}

// desk.js: the frame of staff pages: side navigation from 960 px, tabs below that.

import { LargePrint, Lines, session, skip, useHeading } from '../app.js';
import { html, t, Icon, Mark } from '../ui.js';

/** menu: [{ href, icon, label, count?, group? }], in order, group being the heading above the first of its kind; the first
 *  five without a group, or marked tab, make the tabs of a phone. current: href of the lit place. crumb: line above the
 *  title; tools: buttons beside it. */
export function Desk({ title, crumb, tools, menu, current, children }) {
    const heading = useHeading(title);
    const who = session();
    const here = who.positions[0];
    const link = (item, className) => html`<a key=${item.href} class=${className} href=${item.href} aria-current=${item.href === current ? 'page' : undefined}>
        <${Icon} of=${item.icon}/>${item.label}${item.count > 0 && html`<span class="cnt">${item.count}</span>`}</a>`;

    return html`<a class="skip" href="#main" onClick=${skip}>${t('skip')}</a><div class="shell">
    <nav class="side" aria-label=${t('places')}><a class="brand" href="#/today"><${Mark}/><span>${t('name')}</span></a>
        ${menu.map((item, i) => html`${item.group && item.group !== menu[i - 1]?.group && html`<h2>${item.group}</h2>`}${link(item)}`)}
        <span class="g"></span><a href="#/me"><${Icon} of="user"/><span class="sm"><span class="b">${who.account.name}</span>${here && html`<br/>
            <span class="cap">${here.unit_name} ${here.role_label}</span>`}</span></a></nav>
    <div><header class="bar narrow"><a class="brand g" href="#/today"><${Mark}/><span>${here?.school_name || here?.unit_name || t('name')}</span></a><${LargePrint}/></header>
    <${Lines}/>
    <main class="page v" id="main" tabindex="-1"><div class="h wrap"><div class="g">${crumb && html`<p class="crumb">${crumb}</p>`}
        <h1 tabindex="-1" ref=${heading}>${title}</h1></div>${tools}</div>${children}</main></div>
    <nav class="tabs narrow" aria-label=${t('places')}>${menu.filter((item) => item.tab || !item.group).slice(0, 4).map((item) => link(item))}
        <a href="#/me"><${Icon} of="user"/>${t('tab.me')}</a></nav></div>`;
}

// me.js: the reader's own page in the frame of staff. On a phone, which has room for four places, it has the way to the others.

import { Mine } from '../account/me.js';
import { html, t, Icon } from '../ui.js';
import { Desk, tabsOf, useMenu } from './desk.js';

function Others() {
    const menu = useMenu();
    const near = new Set(tabsOf(menu).map((item) => item.href));
    const far = menu.filter((item) => !near.has(item.href));

    return far.length > 0 && html`<nav class="card flush narrow" aria-label=${t('places.others')}>${far.map((item) => html`<a key=${item.href} class="li" href=${item.href}>
        <${Icon} of=${item.icon}/><span class="g">${item.label}</span>${item.count > 0 && html`<span class="cnt">${item.count}</span>`}<${Icon} of="r"/></a>`)}</nav>`;
}

export default ({ session }) => html`<${Desk} title=${session.account.name} current="#/me"><div class="v sheet"><${Others}/><${Mine} session=${session}/></div><//>`;

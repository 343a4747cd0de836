// notices.js: what a guardian was told.

import { Page } from '../frame.js';
import { html, t } from '../ui.js';
import { Notices } from '../notices.js';

const Frame = ({ tools, children }) => html`<${Page} title=${t('bell')} back="children">${tools && html`<div class="h end">${tools}</div>`}${children}<//>`;

export default () => html`<${Notices} frame=${Frame}/>`;

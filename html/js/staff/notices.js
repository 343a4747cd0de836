// notices.js: what somebody who works here was told.

import { html, t } from '../ui.js';
import { Notices } from '../notices.js';
import { Desk } from './desk.js';

const Frame = ({ tools, children }) => html`<${Desk} title=${t('bell')} current="#/notices" tools=${tools}>${children}<//>`;

export default () => html`<${Notices} frame=${Frame}/>`;

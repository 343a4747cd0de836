// me.js: the reader's own page in the frame of staff.

import { Mine } from '../account/me.js';
import { html } from '../ui.js';
import { Desk } from './desk.js';

export default ({ session }) => html`<${Desk} title=${session.account.name} current="#/me"><div class="v sheet"><${Mine} session=${session}/></div><//>`;

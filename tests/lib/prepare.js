// prepare.js: makes the template databases before test files run side by side and would wait for them.

import { template } from './database.js';

for (const kind of process.argv.length > 2 ? process.argv.slice(2) : ['empty', 'demo']) {
    const begun = Date.now();
    await template(kind);
    if (Date.now() - begun > 1000) {
        process.stdout.write(`template ${kind}: ${((Date.now() - begun) / 1000).toFixed(1)} s\n`);
    }
}

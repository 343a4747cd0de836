// files.test.js: what can be said of the portal's files without a browser: both languages complete, every text that is
// named exists, the service worker knows what a guardian needs offline, and no module brings its own markup or style.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const html = fileURLToPath(new URL('../../html/', import.meta.url));
const read = (file) => readFileSync(join(html, file), 'utf8');
const walk = (folder) => readdirSync(join(html, folder), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory()
    ? walk(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
const modules = walk('js').filter((file) => file.endsWith('.js'));
const locale = (language) => Object.fromEntries(readdirSync(join(html, 'locale', language)).map((file) => [file, JSON.parse(read(`locale/${language}/${file}`))]));
const chinese = locale('zh-CN');
const english = locale('en');

test('both languages have the same files and keys', () => {
    assert.deepEqual(Object.keys(english).sort(), Object.keys(chinese).sort());
    for (const [file, texts] of Object.entries(chinese)) {
        assert.deepEqual(Object.keys(english[file]).sort(), Object.keys(texts).sort(), file);
        for (const [key, text] of Object.entries(texts)) {
            assert.ok(text.trim() && english[file][key].trim(), `${file}: ${key} is empty`);
        }
    }
});

test('no key is written twice', () => {
    const seen = new Map();

    for (const [file, texts] of Object.entries(chinese)) {
        for (const key of Object.keys(texts)) {
            assert.equal(seen.get(key), undefined, `${key} is in ${file} and in ${seen.get(key)}`);
            seen.set(key, file);
        }
    }
});

test('every text a module names exists', () => {
    const known = new Set(Object.values(chinese).flatMap((texts) => Object.keys(texts)));

    for (const module of modules) {
        for (const [, key] of read(module).matchAll(/\bt\('([\w.-]+)'/g)) {
            assert.ok(known.has(key), `${module} says "${key}", which no locale file has`);
        }
    }
});

test('the service worker keeps every module a guardian needs', () => {
    const kept = new Set([...read('sw.js').matchAll(/'((?:js|css|vendor)\/[\w/.-]+|icon\.svg|manifest\.webmanifest)'/g)].map(([, file]) => file));
    const needed = new Set();
    const follow = (module) => {
        if (!needed.has(module)) {
            needed.add(module);
            for (const [, path] of read(module).matchAll(/from '(\.[^']+)'/g)) {
                follow(normalize(join(dirname(module), path)));
            }
        }
    };

    for (const module of ['js/app.js', 'js/outbox.js', 'js/account/sign-in.js', 'js/account/me.js', ...walk('js/family')]) {
        follow(module);
    }
    for (const file of kept) {
        assert.ok(existsSync(join(html, file)), `sw.js keeps ${file}, which does not exist`);
    }
    for (const module of needed) {
        assert.ok(kept.has(module), `sw.js does not keep ${module}`);
    }
});

test('markup and style come from one place', () => {
    for (const module of modules) {
        assert.doesNotMatch(read(module), /innerHTML|outerHTML|insertAdjacentHTML|\sstyle=/, module);
    }
    assert.doesNotMatch(read('index.html'), /<style|<script>|\sstyle=|\son\w+=/);
});

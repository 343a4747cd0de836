// eslint.config.js: lint of the portal (browser modules, no bundler) and of the tests (Node.js 18 or newer).

import js from '@eslint/js';
import globals from 'globals';

const shared = {
    ...js.configs.recommended.rules,
    'no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'none' }],
    'no-var': 'error',
    'prefer-const': 'error',
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'no-eval': 'error',
    'no-implied-eval': 'error',
    'no-shadow': 'error',
    'no-irregular-whitespace': ['error', { skipStrings: true, skipTemplates: true, skipComments: true }],
    'max-len': ['error', { code: 160, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
};

export default [
    { ignores: ['build/', 'var/', 'node_modules/', 'html/vendor/'] },
    { linterOptions: { reportUnusedDisableDirectives: 'error' } },
    {
        files: ['html/**/*.js'],
        languageOptions: { ecmaVersion: 2021, sourceType: 'module', globals: globals.browser },
        rules: {
            ...shared,
            // Chromium 90: what came later is not there
            'no-restricted-properties': ['error',
                { object: 'Object', property: 'hasOwn', message: 'Chromium 90 has no Object.hasOwn()' },
                { property: 'findLast', message: 'Chromium 90 has no .findLast()' },
                { object: 'window', property: 'structuredClone', message: 'Chromium 90 has no structuredClone()' }],
            'no-restricted-syntax': ['error',
                { selector: 'AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]', message: 'no markup from text' },
                { selector: 'CallExpression[callee.property.name="at"]', message: 'Chromium 90 has no .at()' },
                { selector: 'CallExpression[callee.property.name="insertAdjacentHTML"]', message: 'no markup from text' }],
        },
    },
    {
        files: ['html/sw.js'],
        languageOptions: { globals: globals.serviceworker },
    },
    {
        files: ['tests/**/*.js', 'scripts/**/*.js', 'eslint.config.js'],
        languageOptions: { ecmaVersion: 2022, sourceType: 'module', globals: { ...globals.node } },
        rules: { ...shared, 'no-shadow': ['error', { allow: ['before', 'after', 'test'] }] },
    },
    {
        // functions in them run inside the page
        files: ['tests/browser/**/*.js', 'tests/lib/browser.js', 'scripts/screenshots.js'],
        languageOptions: { globals: { ...globals.node, ...globals.browser } },
    },
];

#!/usr/bin/env node
import { buildWhenStale } from './build.mjs';

/** EX_SOFTWARE: an internal failure, as in runtime/errors.ts, which may not be built. */
const internalFailure = 70;

if (buildWhenStale()) await import('../dist/cli/main.js');
else process.exitCode = internalFailure;

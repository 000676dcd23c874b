/** Prints why tests were skipped and the closing line; the steps of the gate that failed count as failures too. */
import { existsSync, readFileSync } from 'node:fs';

const [report, failedSteps] = process.argv.slice(2);
const outside = Number(failedSteps);
if (!existsSync(report)) {
  console.log('No test ran.');
  console.log(`0 passed, ${Math.max(1, outside)} failed`);
  process.exit(1);
}
const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
const brokenFiles = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
);
for (const { name, message } of brokenFiles) console.log(`did not run: ${name}: ${message}`);
for (const { name, assertionResults } of testResults) {
  for (const test of assertionResults) {
    if (test.status === 'pending' || test.status === 'skipped') console.log(`skipped: ${name}: ${test.fullName}`);
  }
}
// A failing test fails `npm cit` too; it is counted once.
const failed = numFailedTests + brokenFiles.length;
const total = failed > 0 ? failed + Math.max(0, outside - 1) : outside;
console.log(`${numPassedTests} passed, ${total} failed, ${numPendingTests} skipped`);
process.exit(total === 0 ? 0 : 1);
